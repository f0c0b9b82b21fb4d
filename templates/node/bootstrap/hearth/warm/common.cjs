module.exports = (value) => value;
