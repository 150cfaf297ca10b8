/** `120.0000` as `120.00`, `3.3333` as it is: exact, with at least two decimals. */
export function money(numeric: string): string {
  const [whole = '0', decimals = ''] = numeric.split('.');
  return `${whole}.${decimals.replace(/0+$/, '').padEnd(2, '0')}`;
}

/** Whether two numerics are the same amount, whatever their trailing zeros. */
export const sameAmount = (one: string, other: string): boolean => money(one) === money(other);
