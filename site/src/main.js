// The training page: one lab, and the views that show it.

import { showInspection } from './inspect/inspection.js';
import { Lab } from './lab.js';
import { onLanguage, showLanguage } from './language.js';
import { showCharts } from './views/charts.js';
import { showModules, showProgram } from './views/code.js';
import { chooseKept, chosen, showControls } from './views/controls.js';
import { guardButtons } from './views/dom.js';
import { holdOn, resumeWork } from './views/keeping.js';
import { showLook } from './views/look.js';
import { showReading } from './views/reading.js';
import { showResults } from './views/results.js';
import { drawVersions } from './views/versions.js';

const lab = new Lab(new URL('./', document.baseURI).href);

showLanguage();
guardButtons();
showControls(lab, () => showProgram(chosen()));
showCharts(lab);
const { showTestImage, showSource } = showLook(lab);
showInspection(lab);
showReading(lab, showTestImage);
showResults(lab, showTestImage);
showModules();
onLanguage(() => showProgram(chosen()));
lab.show(({ versions }) => drawVersions(versions));
holdOn(lab);
await resumeWork(lab, { source: showSource, model: chooseKept });
lab.start();
