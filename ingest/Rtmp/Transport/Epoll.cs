using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>What an event says of a socket (epoll_ctl(2)).</summary>
[Flags]
internal enum EpollEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>There is something to read, if only the end.</summary>
    Readable = 0x001,

    /// <summary>There is room to write.</summary>
    Writable = 0x004,

    /// <summary>The socket is broken.</summary>
    Error = 0x008,

    /// <summary>Both directions are closed.</summary>
    HangUp = 0x010,

    /// <summary>The peer will send nothing more.</summary>
    PeerClosed = 0x2000,

    /// <summary>Each change is told once.</summary>
    EdgeTriggered = 1u << 31,
}

/// <summary>Linux's table of sockets that somebody waits for. Sockets are added and removed from any thread; one waits.</summary>
internal sealed class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int Add = 1;
    private const int Delete = 2;
    private const int Interrupted = 4;

    /// <summary>Size of <c>struct epoll_event</c>: packed on x86-64, aligned elsewhere.</summary>
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = EventSize - 8;

    private readonly SafeFileHandle _handle;
    private readonly byte[] _events;

    /// <summary>Makes an empty table.</summary>
    /// <param name="atOnce">Most events told at once.</param>
    /// <exception cref="Win32Exception">The system has no more descriptors.</exception>
    public Epoll(int atOnce)
    {
        _events = new byte[atOnce * EventSize];
        var descriptor = epoll_create1(CloseOnExec);
        if (descriptor < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _handle = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Whether the system has such tables.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Begins to watch a socket. What is so already is told as a change.</summary>
    /// <param name="socket">The socket; not to be closed before it was removed.</param>
    /// <param name="events">What to be told of.</param>
    /// <param name="token">Comes back with each event.</param>
    /// <exception cref="IOException">The system refused.</exception>
    public void Watch(Socket socket, EpollEvents events, long token)
    {
        Span<byte> change = stackalloc byte[16];
        MemoryMarshal.Write(change, (uint)events);
        MemoryMarshal.Write(change[DataOffset..], token);
        Control(Add, socket, change);
    }

    /// <summary>No longer watches a socket. Events that were told before may still be at hand.</summary>
    public void Forget(Socket socket)
    {
        try
        {
            Control(Delete, socket, stackalloc byte[16]);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It was not watched, or one of the two is closed: that is what was asked for.
        }
    }

    /// <summary>Waits for events.</summary>
    /// <param name="milliseconds">At most.</param>
    /// <returns>How many there are: <see cref="Read"/> them before the next wait.</returns>
    public int Wait(int milliseconds)
    {
        var count = epoll_wait(_handle, ref _events[0], _events.Length / EventSize, milliseconds);
        return count >= 0 ? count : Marshal.GetLastPInvokeError() == Interrupted ? 0 : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>One of the events that the last wait brought.</summary>
    public (EpollEvents Events, long Token) Read(int index)
    {
        var bytes = _events.AsSpan(index * EventSize, EventSize);
        return ((EpollEvents)MemoryMarshal.Read<uint>(bytes), MemoryMarshal.Read<long>(bytes[DataOffset..]));
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private void Control(int operation, Socket socket, Span<byte> change)
    {
        if (epoll_ctl(_handle, operation, socket.SafeHandle, ref change[0]) != 0)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

#pragma warning disable SYSLIB1054 // The generated kind needs unsafe code.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_create1(int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_ctl(SafeFileHandle epoll, int operation, SafeSocketHandle socket, ref byte change);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_wait(SafeFileHandle epoll, ref byte events, int most, int milliseconds);
#pragma warning restore SYSLIB1054
}
