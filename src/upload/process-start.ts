import { readFile, readlink } from 'node:fs/promises';

/**
 * When a process of this host started, in a form that only compares; '' where the system does not tell, undefined
 * where there is no such process. Linux: field 22 of /proc/PID/stat, with the boot's id.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    // The command's name stands in brackets and may hold spaces: fields are counted after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
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
export async function processSpace(): Promise<string | undefined> {
  return readlink('/proc/self/ns/pid').catch(() => undefined);
}
