import { readFileSync, readlinkSync } from 'node:fs';

/**
 * When a process of this host started, in a form that only compares; '' where the system does not tell, undefined
 * where there is no such process. Linux: field 22 of /proc/PID/stat, with the boot's id.
 */
export function processStart(pid: number): string | undefined {
  const stat = told(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat !== undefined) {
    const boot = told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? '';
    // The command's name stands in brackets and may hold spaces: fields are counted after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // It has ended, and whoever started it has not asked how: in a container nobody may ever do so.
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

/** The set of processes that this one belongs to and can see; undefined where the system has no such sets. Linux: its pid namespace. */
export function processSpace(): string | undefined {
  return told(() => readlinkSync('/proc/self/ns/pid'));
}

/** The system answers at once or not at all: nothing of it lies on a disk. */
function told(ask: () => string): string | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
