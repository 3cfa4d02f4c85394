/** Where demo and controller listen unless told otherwise. */
export const DEFAULT_SERVER = 'http://127.0.0.1:8080'
