import { type Past, recordPast, replayPast } from './replay-past.ts'

/** What the threads of `past-replays.ts` do. */
export const record = recordPast
export const replay = ({ past, ...how }: { readonly past: Past } & Parameters<typeof replayPast>[1]) => replayPast(past, how)
