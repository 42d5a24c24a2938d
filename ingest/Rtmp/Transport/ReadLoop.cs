using System.Collections.Concurrent;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// Thread that reads publishers' sockets and processes the data directly. It may pause before a pass so that the rest of a frame, and
/// frames of its other publishers, arrive first. The thread then processes data some dozens of times a second, not for every packet.
/// </summary>
internal sealed class ReadLoop : IDisposable
{
    /// <summary>A wait for events without limit (epoll_wait(2)).</summary>
    private const int Unlimited = -1;

    /// <summary>Interval in a pause at which sockets with large frames are read again: their senders wait for buffer space.</summary>
    private static readonly TimeSpan LargeFrame = TimeSpan.FromMilliseconds(5);

    /// <summary>Time that the processing of one stream's data may take before other streams proceed.</summary>
    private static readonly TimeSpan MaxTimePerStream = TimeSpan.FromMilliseconds(5);

    private readonly Epoll _epoll = new(maxEvents: 512);
    private readonly ConcurrentDictionary<long, PublisherStream> _streams = new();
    private readonly Queue<PublisherStream> _requeued = new();
    private readonly List<PublisherStream> _ready = [];
    private readonly List<PublisherStream> _large = [];
    private readonly Func<TimeSpan> _getPause;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private long _streamStart;
    private long _lastToken;
    private readonly ManualResetEvent _end = new(initialState: false);

    /// <summary>Starts a read loop.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="getPause">Pause between the first event and the pass that reads; evaluated each time.</param>
    /// <param name="time">Clock for the time that each stream takes; by default the system's.</param>
    public ReadLoop(string name, Func<TimeSpan> getPause, TimeProvider? time = null)
    {
        (_getPause, _time) = (getPause, time ?? TimeProvider.System);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Number of watched sockets.</summary>
    public int Count => _streams.Count;

    /// <summary>Indicates whether the caller runs on the loop's thread.</summary>
    public bool IsCurrentThread => Thread.CurrentThread == _thread;

    /// <summary>Indicates whether the current stream has taken so long that others must proceed. Called on the loop's thread.</summary>
    public bool IsTimeUp => _time.GetElapsedTime(_streamStart) >= MaxTimePerStream;

    /// <summary>Starts measuring the time that a stream takes. Called on the loop's thread.</summary>
    public void StartTiming() => _streamStart = _time.GetTimestamp();

    /// <summary>Starts watching a stream's socket.</summary>
    /// <returns>Token for <see cref="Detach"/>.</returns>
    /// <exception cref="IOException">The system call failed.</exception>
    public long Attach(PublisherStream stream)
    {
        var token = Interlocked.Increment(ref _lastToken);
        _streams[token] = stream;
        try
        {
            _epoll.Watch(stream.Socket, EpollEvents.Readable | EpollEvents.Writable | EpollEvents.PeerClosed | EpollEvents.EdgeTriggered,
                token);
        }
        catch
        {
            _streams.TryRemove(token, out _);
            throw;
        }

        return token;
    }

    /// <summary>Stops watching a stream; its socket must still be open.</summary>
    public void Detach(PublisherStream stream, long token)
    {
        if (_streams.TryRemove(token, out _))
        {
            _epoll.Unwatch(stream.Socket);
        }
    }

    /// <summary>Queues a stream to be continued once, after the other streams. Called on the loop's thread.</summary>
    public void Requeue(PublisherStream stream)
    {
        lock (_requeued)
        {
            if (!_requeued.Contains(stream))
            {
                _requeued.Enqueue(stream);
            }
        }
    }

    /// <summary>
    /// Marks a stream whose frame may exceed the socket's buffer, so that it is read again during the pause. Called on the loop's thread.
    /// </summary>
    public void MarkLarge(PublisherStream stream) => _large.Add(stream);

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Set();
        try
        {
            _epoll.WakeUp();
        }
        catch (ObjectDisposedException)
        {
            // The thread ended between the two calls.
        }
    }

    private void Run()
    {
        while (!_end.WaitOne(0))
        {
            var requeued = TakeRequeued();
            TakeEvents(requeued is null ? Unlimited : 0);
            if (requeued is null && _ready.Count > 0 && _getPause() is var pause && pause > TimeSpan.Zero)
            {
                Pause(pause);
                TakeEvents(0);
            }

            _large.Clear();
            foreach (var stream in _ready)
            {
                stream.Continue(this);
            }

            _ready.Clear();
            foreach (var stream in requeued ?? [])
            {
                stream.Continue(this);
            }
        }

        _epoll.Dispose();
        _end.Dispose();
    }

    /// <summary>Marks the streams that have events as ready.</summary>
    private void TakeEvents(int milliseconds)
    {
        var count = _epoll.Wait(milliseconds);
        for (var i = 0; i < count; i++)
        {
            var (events, token) = _epoll.Read(i);
            if (_streams.TryGetValue(token, out var stream) && stream.Note(events))
            {
                _ready.Add(stream);
            }
        }
    }

    private void Pause(TimeSpan time)
    {
        while (_large.Count > 0 && time > LargeFrame && !_end.WaitOne(LargeFrame))
        {
            time -= LargeFrame;
            PublisherStream[] large = [.. _large];
            _large.Clear();
            foreach (var stream in large)
            {
                stream.Recheck(this);
            }
        }

        _end.WaitOne(time);
    }

    private PublisherStream[]? TakeRequeued()
    {
        lock (_requeued)
        {
            if (_requeued.Count == 0)
            {
                return null;
            }

            PublisherStream[] all = [.. _requeued];
            _requeued.Clear();
            return all;
        }
    }
}
