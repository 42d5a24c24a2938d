using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// A socket as a stream whose failures are those that Kestrel's connections have. One reader and one writer at a time. What awaits a read goes on on the loop's thread.
/// </summary>
internal sealed class PublisherStream : Stream, IValueTaskSource<int>
{
    /// <summary>Bytes that one connection may read before others have their turn: a keyframe of a good stream.</summary>
    private const int BytesATurn = 512 * 1024;

    /// <summary>From this on a frame may be larger than the socket's buffer: Linux begins with 64 KiB.</summary>
    private const int LargeTurn = 48 * 1024;

    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _wanted;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private TaskCompletionSource? _room;
    private ReadLoop? _loop;
    private ReadLoop? _atWork;
    private long _place;
    private int _turn;
    private bool _pending;
    private bool _readable;
    private bool _hungUp;
    private bool _closed;

    /// <summary>Takes a connected socket over, which nobody else uses.</summary>
    public PublisherStream(Socket socket)
    {
        Socket = socket;
        socket.Blocking = false;
    }

    /// <summary>The socket.</summary>
    public Socket Socket { get; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>From now on this loop reads it.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public void MoveTo(ReadLoop loop)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _loop?.Detach(this, _place);
            _place = loop.Attach(this);
            _loop = loop;
        }
    }

    /// <summary>Something changed; called by the loop, on its thread.</summary>
    public void Notice(EpollEvents events, ReadLoop loop)
    {
        TaskCompletionSource? room = null;
        lock (_gate)
        {
            if (IsAny(events, EpollEvents.Writable | EpollEvents.Error | EpollEvents.HangUp))
            {
                (room, _room) = (_room, null);
            }

            // The end is told once, perhaps together with data that has to be read first.
            _hungUp |= IsAny(events, EpollEvents.Error | EpollEvents.HangUp | EpollEvents.PeerClosed);
            _readable |= _hungUp || IsAny(events, EpollEvents.Readable);
        }

        room?.TrySetResult();
        Continue(loop);
    }

    /// <summary>Its turn: what it waits for is read, if it is there; called by the loop, on its thread.</summary>
    public void Continue(ReadLoop loop)
    {
        int count;
        SocketError error;
        lock (_gate)
        {
            (_turn, _atWork) = (0, loop);
            if (!_pending || !TryReceive(_wanted.Span, out count, out error))
            {
                _atWork = null;
                return;
            }

            (_pending, _wanted) = (false, default);
        }

        _read.RunContinuationsAsynchronously = false;
        Finish(count, error);
        _atWork = null;
        if (_turn >= LargeTurn)
        {
            loop.LookAgainSoon(this);
        }
    }

    /// <summary>Its turn out of the order: there may be more to read, though nothing told so; called by the loop, on its thread.</summary>
    public void Look(ReadLoop loop)
    {
        lock (_gate)
        {
            _readable = true;
        }

        Continue(loop);
    }

    /// <summary>Reads what is there, or waits. A read of nothing waits until there is something.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        if (_token != cancellationToken)
        {
            // A pipe's reader has one token for all its reads.
            _registration.Dispose();
            _token = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static stream => ((PublisherStream)stream!).Cancel(), this);
        }

        lock (_gate)
        {
            if (_closed)
            {
                return ValueTask.FromException<int>(ClosedHere());
            }

            // On the loop's thread others wait; elsewhere they do not.
            if (_readable && _turn >= BytesATurn && _atWork is { } loop)
            {
                loop.Again(this);
            }
            else if (TryReceive(buffer.Span, out var count, out var error))
            {
                return error == SocketError.Success ? ValueTask.FromResult(count) : ValueTask.FromException<int>(Broken(error));
            }

            _read.Reset();
            (_pending, _wanted) = (true, buffer);
            return new ValueTask<int>(this, _read.Version);
        }
    }

    /// <summary>
    /// Writes. A peer that has closed is no failure here: what it sent before, such as the last frames and its goodbye, is still to be read, and the end of that tells.
    /// </summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource? room = null;
        while (!buffer.IsEmpty)
        {
            var error = Send(buffer.Span, out var sent);
            if (error is SocketError.WouldBlock or SocketError.IOPending)
            {
                if (room is { Task.IsCompleted: false })
                {
                    await room.Task.WaitAsync(cancellationToken);
                    continue;
                }

                // Asked for first, tried once more, and then awaited: so room that comes meanwhile is not missed.
                lock (_gate)
                {
                    room = _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                continue;
            }

            if (error != SocketError.Success)
            {
                return;
            }

            buffer = buffer[sent..];
        }
    }

    /// <summary>Closes the socket. Who waits for it is told that it was closed here.</summary>
    public void Abort()
    {
        bool pending;
        TaskCompletionSource? room;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            (pending, _pending, _wanted) = (_pending, false, default);
            (room, _room) = (_room, null);
            _loop?.Detach(this, _place);
        }

        try
        {
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer was faster.
        }

        Socket.Dispose();
        room?.TrySetResult();
        if (pending)
        {
            _read.RunContinuationsAsynchronously = true;
            _read.SetException(ClosedHere());
        }
    }

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Sockets are read without blocking a thread.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Sockets are written without blocking a thread.");

    public override void Flush()
    {
        // Nothing is held back.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _registration.Dispose();
            Abort();
        }

        base.Dispose(disposing);
    }

    /// <returns>Whether the read is over: with bytes, the end, or an error.</returns>
    private bool TryReceive(Span<byte> buffer, out int count, out SocketError error)
    {
        (count, error) = (0, SocketError.Success);
        if (!_readable)
        {
            return false;
        }

        if (buffer.IsEmpty)
        {
            return true;
        }

        count = Socket.Receive(buffer, SocketFlags.None, out error);
        if (error is SocketError.WouldBlock or SocketError.IOPending)
        {
            // After a hang-up there is nothing more to wait for: that is the end.
            (count, error) = (0, SocketError.Success);
            _readable = _hungUp;
            return _hungUp;
        }

        // Less than there was room for is all there was (epoll(7)); what comes then is told.
        _readable = count == buffer.Length || _hungUp;
        _turn += count;
        return true;
    }

    private SocketError Send(ReadOnlySpan<byte> bytes, out int sent)
    {
        try
        {
            sent = Socket.Send(bytes, SocketFlags.None, out var error);
            return error;
        }
        catch (ObjectDisposedException e)
        {
            throw new IOException("The connection was closed here.", e);
        }
    }

    private void Cancel()
    {
        lock (_gate)
        {
            if (!_pending)
            {
                return;
            }

            (_pending, _wanted) = (false, default);
        }

        _read.RunContinuationsAsynchronously = true;
        _read.SetException(new OperationCanceledException(_token));
    }

    private void Finish(int count, SocketError error)
    {
        if (error == SocketError.Success)
        {
            _read.SetResult(count);
        }
        else
        {
            _read.SetException(Broken(error));
        }
    }

    private static bool IsAny(EpollEvents events, EpollEvents of) => (events & of) != EpollEvents.None;

    private static IOException ClosedHere() => new("The connection was closed here.");

    private static IOException Broken(SocketError error) => error is SocketError.ConnectionReset or SocketError.Shutdown
        ? new ConnectionResetException(new SocketException((int)error).Message)
        : new IOException(new SocketException((int)error).Message, new SocketException((int)error));
}
