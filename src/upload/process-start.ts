import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Returns when a process of this host started, as text that is only good for comparing; '' if the system does not say,
 * undefined if there is no such process. Linux: field 22 of /proc/PID/stat, with the boot's id.
 */
export function processStart(pid: number): string | undefined {
  const stat = told(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat !== undefined) {
    const boot = told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? '';
    // The command's name is in brackets and may contain spaces, so fields are counted after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // It has ended, but its parent has not collected its exit status; in a container nobody may ever do so.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${boot.trim()}/${fields[19]}`;
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
}

/** The set of processes that this one belongs to and can see (Linux: its pid namespace); undefined without such sets. */
export function processSpace(): string | undefined {
  return told(() => readlinkSync('/proc/self/ns/pid'));
}

/** Reads what the system says; undefined if it does not. Synchronous, because no disk is involved and it answers at once. */
function told(ask: () => string): string | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
