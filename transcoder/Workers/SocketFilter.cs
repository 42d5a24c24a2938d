using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// A filter of system calls (seccomp) that refuses sockets outside the permitted address families, so that a process has no network. Unlike
/// a network namespace, it needs no permission, and works in containers. A refused call returns <c>EACCES</c>.
/// </summary>
internal static class SocketFilter
{
    /// <summary>Address family of the kernel's own messages, with which GPU drivers find devices.</summary>
    public const uint Netlink = 16;

    /// <summary>Operations of the filter: load a word, compare, return (see <c>linux/bpf_common.h</c>).</summary>
    private const ushort Load = 0x20, IfEqual = 0x15, IfAtLeast = 0x35, Return = 0x06;

    /// <summary>Offsets in <c>struct seccomp_data</c>: number, architecture, and first argument of the call.</summary>
    private const uint Number = 0, Architecture = 4, FirstArgument = 16;

    private const uint Allow = 0x7fff_0000, Refuse = 0x0005_0000 | 13, Kill = 0x8000_0000;

    /// <summary>Numbers from here on belong to the x32 interface of x86-64.</summary>
    private const uint OtherInterface = 0x4000_0000;

    /// <summary>The call <c>io_uring_setup</c>, whose rings could create sockets without system calls.</summary>
    private const uint SetUpRing = 425;

    /// <summary>Number of the system call <c>prctl</c>; <see langword="null"/> on architectures without a filter.</summary>
    public static int? ProcessControl { get; } = (OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture) switch
    {
        (true, System.Runtime.InteropServices.Architecture.X64) => 157,
        (true, System.Runtime.InteropServices.Architecture.Arm64) => 167,
        _ => null,
    };

    /// <summary>The filter's instructions (<c>struct sock_filter</c>).</summary>
    /// <param name="families">Permitted address families.</param>
    public static byte[] Instructions(params IReadOnlyList<uint> families)
    {
        var (architecture, socket) = RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64
            ? (0xC000_003EU, 41U) : (0xC000_00B7U, 198U);

        // The last three instructions return. Jumps are relative to the next instruction.
        var count = 10 + families.Count;
        var (refuse, allow, kill) = (count - 3, count - 2, count - 1);
        var program = new List<(ushort Operation, int IfTrue, int IfFalse, uint Value)>
        {
            (Load, 0, 0, Architecture),
            (IfEqual, 2, kill, architecture),
            (Load, 0, 0, Number),
            (IfAtLeast, refuse, 4, OtherInterface),
            (IfEqual, refuse, 5, SetUpRing),
            (IfEqual, 6, allow, socket),
            (Load, 0, 0, FirstArgument),
        };
        program.AddRange(families.Select((family, i) => (IfEqual, allow, 8 + i, family)));
        program.AddRange([(Return, 0, 0, Refuse), (Return, 0, 0, Allow), (Return, 0, 0, Kill)]);
        var bytes = new byte[program.Count * 8];
        foreach (var (i, (operation, ifTrue, ifFalse, value)) in program.Index())
        {
            var instruction = bytes.AsSpan(i * 8, 8);
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, operation);
            if (operation is IfEqual or IfAtLeast)
            {
                (instruction[2], instruction[3]) = ((byte)(ifTrue - i - 1), (byte)(ifFalse - i - 1));
            }

            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], value);
        }

        return bytes;
    }
}
