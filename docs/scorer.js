// The numbers by which Sphinx ranks what its search finds. They are its own, but for `pyconvlite.backends`, whose
// functions have the names of those that most readers look for, and come after them.
globalThis.Scorer = {
  score: ([, , anchor, , score]) => (anchor.startsWith('#pyconvlite.backends.') ? score - 10 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
