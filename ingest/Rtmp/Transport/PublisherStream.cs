using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// Socket stream that fails with the exceptions of Kestrel's connections. Supports one reader and one writer at a time. Continuations of
/// reads run on the loop's thread.
/// </summary>
internal sealed class PublisherStream : Stream, IValueTaskSource<int>
{
    /// <summary>Number of bytes that one connection may read before others proceed: a keyframe of a high-quality stream.</summary>
    private const int MaxBytesPerPass = 512 * 1024;

    /// <summary>Number of bytes from which a frame may exceed the socket's buffer: Linux starts with 64 KiB.</summary>
    private const int LargePass = 48 * 1024;

    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _buffer;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private TaskCompletionSource? _writable;
    private ReadLoop? _loop;
    private ReadLoop? _activeLoop;
    private long _loopToken;
    private int _passBytes;
    private bool _pending;
    private bool _isYielding;
    private bool _readable;
    private bool _isReady;
    private bool _hasHungUp;
    private bool _closed;

    /// <summary>Takes ownership of a connected socket.</summary>
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

    /// <summary>
    /// Indicates whether the caller runs on the loop's thread and has read so much, or taken so long, that other streams must proceed.
    /// </summary>
    public bool IsPassOver => _activeLoop is { IsCurrentThread: true } loop && (_passBytes >= MaxBytesPerPass || loop.IsTimeUp);

    /// <summary>Moves the stream to a read loop.</summary>
    /// <exception cref="IOException">The system call failed.</exception>
    public void MoveTo(ReadLoop loop)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _loop?.Detach(this, _loopToken);
            _loopToken = loop.Attach(this);
            _loop = loop;
        }
    }

    /// <summary>Records an event; called by the loop, on its thread. Waiting writes continue at once.</summary>
    /// <returns>Whether the stream must be continued and was not marked for that since <see cref="Continue"/>.</returns>
    public bool Note(EpollEvents events)
    {
        TaskCompletionSource? writable = null;
        bool isNewlyReady;
        lock (_gate)
        {
            if (HasAny(events, EpollEvents.Writable | EpollEvents.Error | EpollEvents.HangUp))
            {
                (writable, _writable) = (_writable, null);
            }

            // The end is reported once, possibly together with data that must be read first.
            _hasHungUp |= HasAny(events, EpollEvents.Error | EpollEvents.HangUp | EpollEvents.PeerClosed);
            _readable |= _hasHungUp || HasAny(events, EpollEvents.Readable);
            (isNewlyReady, _isReady) = (_readable && !_isReady, _isReady || _readable);
        }

        writable?.TrySetResult();
        return isNewlyReady;
    }

    /// <summary>Completes a pending read if data is available; called by the loop, on its thread.</summary>
    public void Continue(ReadLoop loop)
    {
        int count;
        SocketError error;
        lock (_gate)
        {
            (_passBytes, _activeLoop, _isReady) = (0, loop, false);
            (count, error) = (0, SocketError.Success);
            if (!_pending || (!_isYielding && !TryReceive(_buffer.Span, out count, out error)))
            {
                _activeLoop = null;
                return;
            }

            (_pending, _isYielding, _buffer) = (false, false, default);
        }

        loop.StartTiming();

        _read.RunContinuationsAsynchronously = false;
        CompleteRead(count, error);
        _activeLoop = null;
        if (_passBytes >= LargePass)
        {
            loop.MarkLarge(this);
        }
    }

    /// <summary>Reads again without an event, because there may be more data; called by the loop, on its thread.</summary>
    public void Recheck(ReadLoop loop)
    {
        lock (_gate)
        {
            _readable = true;
        }

        Continue(loop);
    }

    /// <summary>Reads available data, or waits. An empty read waits for data.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        if (_token != cancellationToken)
        {
            // A pipe reader uses one token for all its reads.
            _registration.Dispose();
            _token = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static stream => ((PublisherStream)stream!).Cancel(), this);
        }

        lock (_gate)
        {
            if (_closed)
            {
                return ValueTask.FromException<int>(ClosedLocally());
            }

            // On the loop's thread other streams wait; elsewhere they do not.
            if (_readable && IsPassOver)
            {
                Requeue();
            }
            else if (TryReceive(buffer.Span, out var count, out var error))
            {
                return error == SocketError.Success ? ValueTask.FromResult(count) : ValueTask.FromException<int>(ToException(error));
            }

            _read.Reset();
            (_pending, _buffer) = (true, buffer);
            return new ValueTask<int>(this, _read.Version);
        }
    }

    /// <summary>Waits, between two reads, until the other streams of the loop have proceeded.</summary>
    public ValueTask<int> YieldAsync()
    {
        lock (_gate)
        {
            if (_closed || _pending || _activeLoop is not { IsCurrentThread: true })
            {
                return ValueTask.FromResult(0);
            }

            Requeue();
            _read.Reset();
            (_pending, _isYielding) = (true, true);
            return new ValueTask<int>(this, _read.Version);
        }
    }

    /// <summary>
    /// Writes data. A peer that has closed causes no error here: its earlier data, such as the last frames and its closing commands, must
    /// still be read. The end of the data then ends the connection.
    /// </summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource? writable = null;
        while (!buffer.IsEmpty)
        {
            var error = Send(buffer.Span, out var sent);
            if (error is SocketError.WouldBlock or SocketError.IOPending)
            {
                if (writable is { Task.IsCompleted: false })
                {
                    await writable.Task.WaitAsync(cancellationToken);
                    continue;
                }

                // Register first, retry once, then wait, so that no notification is missed.
                lock (_gate)
                {
                    writable = _writable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
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

    /// <summary>Closes the socket. Pending reads and writes fail.</summary>
    public void Abort()
    {
        bool pending;
        TaskCompletionSource? writable;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            (pending, _pending, _buffer) = (_pending, false, default);
            (writable, _writable) = (_writable, null);
            _loop?.Detach(this, _loopToken);
        }

        try
        {
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer closed first.
        }

        Socket.Dispose();
        writable?.TrySetResult();
        if (pending)
        {
            _read.RunContinuationsAsynchronously = true;
            _read.SetException(ClosedLocally());
        }
    }

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Synchronous reads are not supported.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Synchronous writes are not supported.");

    public override void Flush()
    {
        // Nothing is buffered.
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

    /// <returns>Whether the read is complete: with data, the end, or an error.</returns>
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
            // After a hang-up, no data follows: this is the end.
            (count, error) = (0, SocketError.Success);
            _readable = _hasHungUp;
            return _hasHungUp;
        }

        // A short read means that all data was read (epoll(7)); new data causes an event.
        _readable = count == buffer.Length || _hasHungUp;
        _passBytes += count;
        return true;
    }

    /// <summary>Has the loop continue the stream after the others, and not earlier because of an event.</summary>
    private void Requeue()
    {
        _isReady = true;
        _activeLoop!.Requeue(this);
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
            throw new IOException("The connection was closed locally.", e);
        }
    }

    private void Cancel()
    {
        lock (_gate)
        {
            if (!_pending || _isYielding)
            {
                return;
            }

            (_pending, _buffer) = (false, default);
        }

        _read.RunContinuationsAsynchronously = true;
        _read.SetException(new OperationCanceledException(_token));
    }

    private void CompleteRead(int count, SocketError error)
    {
        if (error == SocketError.Success)
        {
            _read.SetResult(count);
        }
        else
        {
            _read.SetException(ToException(error));
        }
    }

    private static bool HasAny(EpollEvents events, EpollEvents flags) => (events & flags) != EpollEvents.None;

    private static IOException ClosedLocally() => new("The connection was closed locally.");

    private static IOException ToException(SocketError error) => error is SocketError.ConnectionReset or SocketError.Shutdown
        ? new ConnectionResetException(new SocketException((int)error).Message)
        : new IOException(new SocketException((int)error).Message, new SocketException((int)error));
}
