import { loadLibrary } from './libc.ts';
import type { AddressFamily } from './windows-tcp-table.ts';

/** The calls to Windows that Node lacks. Where one fails it gives undefined. None waits for anything. */
export interface WindowsKernel {
  /** The TCP connections of a family, each with the process that owns it: see windows-tcp-table.ts. */
  tcpConnections(family: AddressFamily): Buffer | undefined;
  /** A running process that this one may ask about: as a rule any of this user, and no other. */
  open(pid: number): OpenedProcess | undefined;
}

/** A process by its handle: while that is open, its pid is not used again. */
export interface OpenedProcess extends Disposable {
  /** The SID of its user, in SECURITY_MAX_SID_SIZE bytes. */
  user(): Buffer | undefined;
  /** The FILETIME at which it was started. */
  startedAt(): bigint | undefined;
  /** The path of its executable, as `C:\…`. */
  executable(): string | undefined;
  /** The pid of the process that started it. That may have ended since, and its pid been used again. */
  parentPid(): number | undefined;
}

// winerror.h, iprtrmib.h, ws2def.h
const NO_ERROR = 0;
const ERROR_INSUFFICIENT_BUFFER = 122;
const TCP_TABLE_OWNER_MODULE_CONNECTIONS = 7;
const addressFamilies: Readonly<Record<AddressFamily, number>> = { IPv4: 2, IPv6: 23 };
// winnt.h, winbase.h
const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
const SYNCHRONIZE = 0x0010_0000;
const WAIT_TIMEOUT = 258;
const TOKEN_QUERY = 8;
const TokenUser = 1;
const SECURITY_MAX_SID_SIZE = 68;
// winternl.h
const ProcessBasicInformation = 0;

/** `struct PROCESS_BASIC_INFORMATION` and in it InheritedFromUniqueProcessId, where pointers have 8 bytes. */
const basicInformationBytes = 48;
const parentPidField = 40;
/** A TOKEN_USER with the SID after it. */
const tokenUserBytes = 16 + SECURITY_MAX_SID_SIZE;
/** The longest path that Windows has, in characters. */
const longestPath = 32_767;

/**
 * The calls by Windows' own libraries, 64-bit ones, as Microsoft's documentation has them. They have been run under
 * Wine 8 with Node for Windows, where each gave what is said here (but who made a socket and when, which Wine leaves
 * 0); not on Windows itself yet.
 * Throws where there are no such libraries: this is not Windows.
 */
export function windowsKernel(): WindowsKernel {
  const iphlpapi = loadLibrary('iphlpapi.dll');
  const getExtendedTcpTable = iphlpapi.define(
    'uint32_t GetExtendedTcpTable(void *table, void *size, int isSorted, uint32_t family, int tableClass, uint32_t reserved)',
  );

  const kernel32 = loadLibrary('kernel32.dll');
  const openProcess = kernel32.define('intptr_t OpenProcess(uint32_t access, int isInherited, uint32_t pid)');
  const closeHandle = kernel32.define('int CloseHandle(intptr_t handle)');
  const wait = kernel32.define('uint32_t WaitForSingleObject(intptr_t handle, uint32_t timeoutMs)');
  const getProcessTimes = kernel32.define(
    'int GetProcessTimes(intptr_t process, void *creation, void *exit, void *kernel, void *user)',
  );
  const queryImageName = kernel32.define(
    'int QueryFullProcessImageNameW(intptr_t process, uint32_t flags, void *name, void *characters)',
  );

  const advapi32 = loadLibrary('advapi32.dll');
  const openProcessToken = advapi32.define(
    'int OpenProcessToken(intptr_t process, uint32_t access, void *token)',
  );
  const getTokenInformation = advapi32.define(
    'int GetTokenInformation(intptr_t token, int informationClass, void *information, uint32_t length, void *needed)',
  );
  const copySid = advapi32.define('int CopySid(uint32_t length, void *destination, intptr_t source)');

  const ntdll = loadLibrary('ntdll.dll');
  const queryProcess = ntdll.define(
    'int32_t NtQueryInformationProcess(intptr_t process, int informationClass, void *information, uint32_t length, void *needed)',
  );

  function userOf(process: unknown): Buffer | undefined {
    const handle = Buffer.alloc(8);
    if (openProcessToken(process, TOKEN_QUERY, handle) === 0) return undefined;
    const token = handle.readBigInt64LE();
    try {
      const information = Buffer.alloc(tokenUserBytes);
      const needed = Buffer.alloc(4);
      if (getTokenInformation(token, TokenUser, information, information.length, needed) === 0)
        return undefined;
      // The first member of a TOKEN_USER points to the SID, which is in the same memory.
      const sid = Buffer.alloc(SECURITY_MAX_SID_SIZE);
      return copySid(sid.length, sid, information.readBigInt64LE()) === 0 ? undefined : sid;
    } finally {
      closeHandle(token);
    }
  }

  function startOf(process: unknown): bigint | undefined {
    const [creation, exit, kernel, user] = [8, 8, 8, 8].map((bytes) => Buffer.alloc(bytes));
    const isTold = getProcessTimes(process, creation, exit, kernel, user) !== 0;
    return isTold ? creation?.readBigUInt64LE() : undefined;
  }

  function executableOf(process: unknown): string | undefined {
    const name = Buffer.alloc(2 * longestPath);
    const characters = Buffer.alloc(4);
    characters.writeUInt32LE(longestPath);
    if (queryImageName(process, 0, name, characters) === 0) return undefined;
    return name.toString('utf16le', 0, 2 * characters.readUInt32LE());
  }

  function parentPidOf(process: unknown): number | undefined {
    const information = Buffer.alloc(basicInformationBytes);
    const status = queryProcess(
      process,
      ProcessBasicInformation,
      information,
      information.length,
      Buffer.alloc(4),
    );
    return status === 0 ? Number(information.readBigUInt64LE(parentPidField)) : undefined;
  }

  return {
    tcpConnections(family) {
      const size = Buffer.alloc(4);
      // The table may grow between two calls.
      for (let attempt = 0; attempt < 5; attempt++) {
        const table = Buffer.alloc(size.readUInt32LE());
        const result = getExtendedTcpTable(
          table,
          size,
          0,
          addressFamilies[family],
          TCP_TABLE_OWNER_MODULE_CONNECTIONS,
          0,
        );
        if (result === NO_ERROR) return table;
        if (result !== ERROR_INSUFFICIENT_BUFFER) return undefined;
      }
      return undefined;
    },
    open(pid) {
      const handle = openProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, 0, pid);
      if (handle === 0) return undefined;
      // One that has ended is still there while somebody has a handle of it.
      if (wait(handle, 0) !== WAIT_TIMEOUT) {
        closeHandle(handle);
        return undefined;
      }
      return {
        user: () => userOf(handle),
        startedAt: () => startOf(handle),
        executable: () => executableOf(handle),
        parentPid: () => parentPidOf(handle),
        [Symbol.dispose]: () => closeHandle(handle),
      };
    },
  };
}
