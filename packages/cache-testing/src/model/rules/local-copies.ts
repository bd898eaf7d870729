import type { Rule } from './rule.ts';

/** Copies in a process, and the channel that tells it of changes. */
export const localCopyRules = [
  {
    id: 'from-reads-alone',
    sentence: 'copies are filled only by a read, never by a fill',
    mutant: 'an accepted fill leaves a copy too',
    breaks: 'P2',
  },
  {
    id: 'registered-before-sent',
    sentence: 'a read registers as pending before it is sent',
    mutant: 'it registers when its answer is there',
    breaks: 'P2',
  },
  {
    id: 'poisoned-by-key',
    sentence: 'a read under way is poisoned by an announcement of its key',
    mutant: 'the announcement only drops the copy that is there',
    breaks: 'P2',
  },
  {
    id: 'ticket-per-read',
    sentence: 'each read has a mark of its own',
    mutant: 'one mark a key: the read that ends first takes it away',
    breaks: 'P2',
  },
  {
    id: 'tags-kept',
    sentence: 'a copy keeps its tags, and a hit compares them with what was announced',
    mutant: 'only announcements of the key are looked at',
    breaks: 'P2',
  },
  {
    id: 'stamped-when-sent',
    sentence: 'tags are compared since the read was sent',
    mutant: 'since its answer arrived',
    breaks: 'P2',
  },
  {
    id: 'kept-for-copies',
    sentence: 'an announced tag is remembered as long as a copy carries it, whatever else is announced',
    mutant: 'it is forgotten when the table overflows',
    breaks: 'P2',
  },
  {
    id: 'kept-for-reads',
    sentence: 'an announced tag is remembered while reads are under way, though no copy carries it',
    mutant: 'only tags that copies carry are remembered',
    breaks: 'P2',
  },
  {
    id: 'overflow-forgets-safely',
    sentence:
      'the table of tags announced during reads overflows → what was sent before the forgotten announcement leaves no copy',
    mutant: 'a forgotten tag counts as never announced',
    breaks: 'P2',
  },
  {
    id: 'flush-drops-all',
    sentence: 'a flush is announced without keys, and drops everything',
    mutant: 'an announcement without keys is passed over',
    breaks: 'P2',
  },
  {
    id: 'epoch-on-up',
    sentence: 'when the channel comes up, a new epoch begins: every copy is dropped',
    mutant: 'copies are served again',
    breaks: 'P2',
  },
  {
    id: 'epoch-poisons',
    sentence: 'a new epoch poisons the reads under way',
    mutant: 'it drops copies only',
    breaks: 'P2',
  },
  {
    id: 'off-while-down',
    sentence: 'no copy is served while the channel is down',
    mutant: 'copies are served until they end',
    breaks: 'P2',
  },
  {
    id: 'heartbeat',
    sentence: 'a channel that was not heard of for the heartbeat bound is down',
    mutant: 'a half-open connection stays up',
    breaks: 'P2',
  },
  {
    id: 'armed-before-up',
    sentence: 'the channel is up once the server has acknowledged the tracking',
    mutant: 'it is up once it is connected',
    breaks: 'P2',
  },
  {
    id: 'every-node',
    sentence: 'the channels of all nodes are up: that of the key and those of its tags',
    mutant: 'that of the key is enough',
    breaks: 'P2',
  },
  {
    id: 'ends-with-entry',
    sentence: 'a copy is not served beyond the remaining TTL that the store told',
    mutant: 'it is served until something is announced',
    breaks: 'P2',
  },
  {
    id: 'life-from-sending',
    sentence: 'the remaining TTL counts from when the read was sent',
    mutant: 'from when its answer arrived',
    breaks: 'P2',
  },
  {
    id: 'barrier-in-order',
    sentence: 'a barrier is a PING on the connection that carries the announcements',
    mutant: 'on another connection',
    breaks: 'P2',
  },
] as const satisfies readonly Rule[];
