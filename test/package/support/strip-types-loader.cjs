const { stripTypeScriptTypes } = require('node:module');

/** Stands for the TypeScript loader of a webpack configuration. */
module.exports = (source) => stripTypeScriptTypes(source);
