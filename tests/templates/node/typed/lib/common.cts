export const common: string = 'common';
