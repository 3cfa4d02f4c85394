/** Last step of the build: what the compiler leaves behind (pages, styles, browser scripts) goes to dist/ beside the code that reads it. */
import { cpSync, globSync } from 'node:fs'
import { join, relative } from 'node:path'

for (const path of globSync('src/**/*.{html,css,js,json,svg,yaml}')) cpSync(path, join('dist', relative('src', path)))
