/** Runes only: state is what is declared to be state. */
export default { compilerOptions: { runes: true } };
