using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>Events of a socket (epoll_ctl(2)).</summary>
[Flags]
internal enum EpollEvents : uint
{
    /// <summary>No event.</summary>
    None = 0,

    /// <summary>Data or the end of the stream can be read.</summary>
    Readable = 0x001,

    /// <summary>Data can be written.</summary>
    Writable = 0x004,

    /// <summary>The socket has failed.</summary>
    Error = 0x008,

    /// <summary>Both directions are closed.</summary>
    HangUp = 0x010,

    /// <summary>The peer has shut down its sending side.</summary>
    PeerClosed = 0x2000,

    /// <summary>Each change is reported once.</summary>
    EdgeTriggered = 1u << 31,
}

/// <summary>Wrapper of Linux epoll. Sockets are added and removed from any thread; one thread waits.</summary>
internal sealed class Epoll : IDisposable
{
    /// <summary>The same value for epoll and eventfd.</summary>
    private const int CloseOnExec = 0x80000;

    private const int Add = 1;
    private const int Delete = 2;
    private const int Interrupted = 4;

    /// <summary>Size of <c>struct epoll_event</c>: packed on x86-64, aligned elsewhere.</summary>
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = EventSize - 8;

    private readonly SafeFileHandle _handle;
    private readonly SafeFileHandle _wakeUp;
    private readonly byte[] _events;

    /// <summary>Creates an empty epoll instance.</summary>
    /// <param name="maxEvents">Maximum number of events per wait.</param>
    /// <exception cref="Win32Exception">The system is out of file descriptors.</exception>
    public Epoll(int maxEvents)
    {
        _events = new byte[maxEvents * EventSize];
        _handle = Own(epoll_create1(CloseOnExec));
        try
        {
            // The counter is nonzero, so the descriptor is readable as soon as it is added.
            _wakeUp = Own(eventfd(1, CloseOnExec));
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    /// <summary>Indicates whether the system supports epoll.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Starts watching a socket. Its current state is reported as a change.</summary>
    /// <param name="socket">The socket; must be removed before it is closed.</param>
    /// <param name="events">Events to report.</param>
    /// <param name="token">Value that is returned with each event.</param>
    /// <exception cref="IOException">The system call failed.</exception>
    public void Watch(Socket socket, EpollEvents events, long token)
    {
        Span<byte> change = stackalloc byte[16];
        MemoryMarshal.Write(change, (uint)events);
        MemoryMarshal.Write(change[DataOffset..], token);
        Control(Add, socket, change);
    }

    /// <summary>Stops watching a socket. Events of the current wait may still refer to it.</summary>
    public void Unwatch(Socket socket)
    {
        try
        {
            Control(Delete, socket, stackalloc byte[16]);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It was not watched, or one of the two is closed.
        }
    }

    /// <summary>Makes the current wait and all later ones return immediately. Called to end the waiting thread.</summary>
    /// <exception cref="IOException">The system call failed.</exception>
    public void WakeUp()
    {
        Span<byte> change = stackalloc byte[16];
        MemoryMarshal.Write(change, (uint)EpollEvents.Readable);
        Check(epoll_ctl(_handle, Add, _wakeUp, ref change[0]));
    }

    /// <summary>Waits for events. The event of <see cref="WakeUp"/> has the token 0.</summary>
    /// <param name="milliseconds">Maximum wait; -1 waits without limit.</param>
    /// <returns>Number of events. <see cref="Read"/> them before the next wait.</returns>
    public int Wait(int milliseconds)
    {
        var count = epoll_wait(_handle, ref _events[0], _events.Length / EventSize, milliseconds);
        return count >= 0 ? count
            : Marshal.GetLastPInvokeError() == Interrupted ? 0
            : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Gets an event of the last wait.</summary>
    public (EpollEvents Events, long Token) Read(int index)
    {
        var bytes = _events.AsSpan(index * EventSize, EventSize);
        return ((EpollEvents)MemoryMarshal.Read<uint>(bytes), MemoryMarshal.Read<long>(bytes[DataOffset..]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _handle.Dispose();
        _wakeUp.Dispose();
    }

    private static SafeFileHandle Own(int descriptor) => descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true)
        : throw new Win32Exception(Marshal.GetLastPInvokeError());

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

    private void Control(int operation, Socket socket, Span<byte> change) =>
        Check(epoll_ctl(_handle, operation, socket.SafeHandle, ref change[0]));

#pragma warning disable SYSLIB1054 // Generated interop requires unsafe code.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_create1(int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_ctl(SafeFileHandle epoll, int operation, SafeSocketHandle socket, ref byte change);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_ctl(SafeFileHandle epoll, int operation, SafeFileHandle file, ref byte change);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int eventfd(uint count, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_wait(SafeFileHandle epoll, ref byte events, int maxEvents, int milliseconds);
#pragma warning restore SYSLIB1054
}
