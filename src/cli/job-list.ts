import { platform } from 'node:os';
import { count, several } from '../count.ts';
import type { JobStatus } from '../upload/jobs.ts';
import { isSamePlace } from '../upload/jobs-beside.ts';
import { parseShard } from '../upload/shard.ts';
import type { CommandContext } from './context.ts';
import { formatMoment } from './moment.ts';
import type { Output } from './output.ts';
import { shellWord } from './shell-word.ts';

/** How many finished jobs are shown in full (the latest), and how many vectors of a job are listed (the first). */
const mostFinished = 10;
const mostIds = 3;

/**
 * Lists jobs, the shards of an SAE under a line of their own. Those to go on with come last, where the screen ends. Older
 * finished jobs get one line each, unless `--all`.
 */
export function showJobs({ out, options, typed }: CommandContext, jobs: readonly JobStatus[]): void {
  const groups = inGroups(jobs);
  const finished = groups.filter((group) => group.every(isFinished));
  const others = groups.filter((group) => !group.every(isFinished));
  const brief = new Set(options.all ? [] : finished.slice(0, -mostFinished));
  const show = (group: JobStatus[]) => {
    if (group[0]?.job.shard !== undefined) out.result(shardsLine(group));
    for (const job of group) {
      const [first = '', ...more] = jobLines(out, job, mostIds, typed.folder);
      for (const line of [first, ...(brief.has(group) ? [] : more)]) out.result(line);
    }
  };
  finished.forEach(show);
  if (brief.size > 0)
    out.result(
      `  finished jobs before the latest ${mostFinished} are shown on one line each; --all shows them in full`,
    );
  others.forEach(show);
}

const isFinished = ({ state }: JobStatus) => state === 'done' || state === 'deleted';

/** Groups the shards of one SAE; every other job is a group by itself. */
function inGroups(jobs: readonly JobStatus[]): JobStatus[][] {
  const seen = new Set<JobStatus>();
  const groups: JobStatus[][] = [];
  for (const job of jobs) {
    if (seen.has(job)) continue;
    const group = job.job.shard === undefined ? [job] : shardsBeside(job, jobs);
    for (const one of group) seen.add(one);
    groups.push(group);
  }
  return groups;
}

const shardOf = ({ job }: JobStatus) => parseShard(job.shard ?? '');

/** Returns the known shards of the same SAE, divided into as many parts, in order. */
function shardsBeside(one: JobStatus, jobs: readonly JobStatus[]): JobStatus[] {
  const of = shardOf(one)?.of;
  const same = jobs.filter((other) => isSamePlace(one.job, other.job) && shardOf(other)?.of === of);
  return same.sort((a, b) => (shardOf(a)?.part ?? 0) - (shardOf(b)?.part ?? 0));
}

function shardsLine(shards: readonly JobStatus[]): string {
  const [first] = shards as [JobStatus];
  const { job } = first;
  const sum = (name: 'planned' | 'confirmed') => count(shards.reduce((total, shard) => total + shard[name], 0));
  const done = shards.filter(({ state }) => state === 'done').length;
  return `  ${job.model}/${job.source} in ${shardOf(first)?.of} shards: ${shards.length} of them known here, ${done} done, ${sum('confirmed')}/${sum('planned')} rows`;
}

/** Describes a job in a few lines: its state, where it went, at most `most` vectors that it made, and how to go on. */
export function jobLines({ paint }: Output, status: JobStatus, most: number, here: string): string[] {
  const { id, job, planned, confirmed, unknown, deleted, quarantined, state } = status;
  const nothing = state === 'done' ? 100 : 0;
  const share = planned === 0 ? nothing : Math.floor((100 * confirmed) / planned);
  const open = unknown > 0 ? `, ${count(unknown)} without an answer` : '';
  const left = quarantined.size > 0 ? `, ${count(quarantined.size)} left out` : '';
  const gone = deleted > 0 ? `, ${count(deleted)} deleted` : '';
  const colored = state === 'done' ? paint.green(state) : paint.yellow(state);
  const goesOn = state === 'interrupted' || state === 'paused';
  return [
    `  ${id}  ${colored}  ${share} %  ${count(confirmed)}/${count(planned)} rows${open}${left}${gone}  ${job.title}`,
    `    ${job.serverName} as ${job.accountName}, begun ${formatMoment(new Date(job.createdAt))}`,
    ...(status.damaged ? ['    its checkpoint is damaged: the next run looks up what the server has instead'] : []),
    ...madeLines(status, most),
    ...pauseLines(status),
    ...(goesOn ? goOnLines(status, here) : []),
  ];
}

/** After a deletion was cut off, offers both ways to go on: the journal does not say whether all rows were to go. */
function goOnLines(status: JobStatus, here: string): string[] {
  const command = commandFrom(status, here);
  if (status.deleting === 0) return command === undefined ? [] : [`    go on with: ${command}`];
  return [
    `    a deletion of ${count(status.deleting)} of its rows was interrupted`,
    ...(command === undefined ? [] : [`    to keep or restore them: ${command}`]),
    `    to delete all of the job: neuronpedia delete --job ${status.id}`,
  ];
}

/**
 * Returns a job's command for use in the folder `here`: it begins with `cd` if it was typed in another one. Undefined if a
 * script uploaded the job without naming a command.
 */
export function commandFrom({ job, folder }: JobStatus, here: string): string | undefined {
  if (job.command === '') return undefined;
  return folder === undefined || folder === here
    ? job.command
    : `cd ${shellWord(folder)}${platform() === 'win32' ? ';' : ' &&'} ${job.command}`;
}

/** Lists the vectors that a job made, whose ids the server chose; ids of features follow from source and row. */
function madeLines({ id, job, ids }: JobStatus, most: number): string[] {
  if (job.as === 'features' || job.as === 'activations' || ids.size === 0) return [];
  const shown = [...ids.values()].slice(0, most).map((name) => `    ${urlOf(job, name)}`);
  if (job.as !== 'vectors') return shown;
  const isAll = shown.length === ids.size;
  return [
    `    ${several(ids.size, 'vector')} on the server${isAll ? ':' : `, the first ${shown.length}:`}`,
    ...shown.map((url) => `  ${url}`),
    ...(isAll ? [] : [`    all of them: neuronpedia status ${id} --receipt FILE`]),
  ];
}

/** Returns the URL of an id, or the bare id for the embedded server, which ends with each command. */
function urlOf({ serverName }: JobStatus['job'], id: string): string {
  return URL.canParse(serverName) ? `${serverName.replace(/\/+$/, '')}/${id}` : id;
}

function pauseLines({ pause }: JobStatus): string[] {
  if (!pause) return [];
  const { why, resumeAt } = pause;
  const isOpen = resumeAt !== null && Date.parse(resumeAt) <= Date.now();
  const when =
    resumeAt === null ? '' : isOpen ? '; may go on now' : `; may go on from ${formatMoment(new Date(resumeAt))}`;
  return [`    paused: ${why}${when}`];
}
