using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// Landlock, a Linux security module with which a process without privileges restricts itself and its children: access to files, TCP,
/// signals to other processes, and reading their memory and environment (see the kernel's <c>userspace-api/landlock</c>).
/// </summary>
internal static class Landlock
{
    /// <summary>Rights to read files and folders, and to execute files.</summary>
    public const ulong Read = ReadFile | ReadFolder, ReadAndExecute = Read | Execute, ReadAndWrite = Read | WriteFile;

    private const ulong Execute = 1, WriteFile = 1 << 1, ReadFile = 1 << 2, ReadFolder = 1 << 3;

    /// <summary>The system call <c>landlock_create_ruleset</c>, which has one number on all architectures.</summary>
    private const long CreateRuleset = 444;

    /// <summary>Flag of the system call to return the version.</summary>
    private const nint GetVersion = 1;

    /// <summary>First versions that know moves between folders, truncation, TCP, and signals and abstract sockets.</summary>
    private const int MovesVersion = 2, TruncationVersion = 3, NetworkVersion = 4, ScopeVersion = 6;

    /// <summary>Rights of version 1.</summary>
    private const ulong BasicRights = (1 << 13) - 1;

    /// <summary>Both rights for TCP, which are to bind and to connect.</summary>
    private const ulong NetworkRights = 3;

    /// <summary>Both scopes, which are abstract Unix sockets and signals.</summary>
    private const ulong Scopes = 3;

    /// <summary>Version that the kernel supports; 0 without Landlock.</summary>
    public static int Version { get; } = FindVersion();

    /// <summary>All rights for files that a version can restrict.</summary>
    public static ulong AllRights(int version) =>
        BasicRights | (version >= MovesVersion ? 1UL << 13 : 0) | (version >= TruncationVersion ? 1UL << 14 : 0);

    /// <summary>
    /// Attributes of a ruleset (<c>struct landlock_ruleset_attr</c>) that denies everything without a rule. Ioctls on devices stay allowed:
    /// a device that cannot be opened needs no further restriction.
    /// </summary>
    public static byte[] Attributes(int version)
    {
        var attributes = new byte[version >= ScopeVersion ? 24 : version >= NetworkVersion ? 16 : 8];
        BinaryPrimitives.WriteUInt64LittleEndian(attributes, AllRights(version));
        if (attributes.Length > 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(attributes.AsSpan(8), NetworkRights);
        }

        if (attributes.Length > 16)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(attributes.AsSpan(16), Scopes);
        }

        return attributes;
    }

    private static int FindVersion() =>
        OperatingSystem.IsLinux() && BitConverter.IsLittleEndian ? (int)Math.Max(0, Native.SystemCall(CreateRuleset, 0, 0, GetVersion)) : 0;

    private static class Native
    {
        [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern long SystemCall(long number, nint attributes, nint size, nint flags);
    }
}
