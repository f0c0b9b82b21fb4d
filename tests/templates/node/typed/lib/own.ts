export const own: string = 'own';
