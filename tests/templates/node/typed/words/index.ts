export const indexed: string = 'indexed';
