const { answer } = require('./answer.json');

module.exports = async (request) => `${answer} ${new URL(request.url).pathname}`;
module.exports.named = () => 'named';
