import { Document, isNode } from 'yaml'
import type { Manifest } from './manifest.ts'

/** The objects as YAML, one document each, with their comments. */
export function renderManifests(manifests: readonly Manifest[]): string {
  return manifests.map(documentOf).join('---\n')
}

/** The objects as one List, which kubectl takes as it takes the documents. */
export function listOf(manifests: readonly Manifest[]) {
  return { apiVersion: 'v1', kind: 'List', items: manifests.map(({ object }) => object) }
}

function documentOf({ object, comment, ruleComments = [] }: Manifest): string {
  const document = new Document(object, { aliasDuplicateObjects: false })
  ruleComments.forEach((text, index) => {
    const rule = document.getIn(['rules', index], true)
    if (isNode(rule)) rule.commentBefore = ` ${text}`
  })
  if (comment !== undefined && document.contents) document.contents.commentBefore = comment.replace(/^/gm, ' ')
  return document.toString({ lineWidth: 0 })
}
