using System.Collections.Concurrent;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// A thread that reads publishers' sockets and does on the spot what follows from what was read. Between rounds it may rest for a moment, in which frames of all its
/// publishers gather: so the thread is woken some dozens of times a second for all of them together, not for each packet of each.
/// </summary>
internal sealed class ReadLoop : IDisposable
{
    /// <summary>Longest wait for events; only for the end to be noticed.</summary>
    private const int WaitMilliseconds = 500;

    /// <summary>After this much of a rest, frames that are larger than a socket's buffer are looked at again: their senders wait for room.</summary>
    private static readonly TimeSpan LargeFrame = TimeSpan.FromMilliseconds(5);

    private readonly Epoll _epoll = new(atOnce: 512);
    private readonly ConcurrentDictionary<long, PublisherStream> _streams = new();
    private readonly Queue<PublisherStream> _again = new();
    private readonly List<PublisherStream> _large = [];
    private readonly Func<TimeSpan> _rest;
    private long _lastToken;
    private readonly ManualResetEvent _end = new(initialState: false);

    /// <summary>Starts one.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="rest">How long to rest after a round; asked each time.</param>
    public ReadLoop(string name, Func<TimeSpan> rest)
    {
        _rest = rest;
        new Thread(Run) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Sockets that are watched.</summary>
    public int Count => _streams.Count;

    /// <summary>Begins to watch a stream's socket.</summary>
    /// <returns>For <see cref="Detach"/>.</returns>
    /// <exception cref="IOException">The system refused.</exception>
    public long Attach(PublisherStream stream)
    {
        var token = Interlocked.Increment(ref _lastToken);
        _streams[token] = stream;
        try
        {
            _epoll.Watch(stream.Socket, EpollEvents.Readable | EpollEvents.Writable | EpollEvents.PeerClosed | EpollEvents.EdgeTriggered, token);
        }
        catch
        {
            _streams.TryRemove(token, out _);
            throw;
        }

        return token;
    }

    /// <summary>Lets go of a stream; its socket must still be open.</summary>
    public void Detach(PublisherStream stream, long token)
    {
        if (_streams.TryRemove(token, out _))
        {
            _epoll.Forget(stream.Socket);
        }
    }

    /// <summary>A stream that has had its turn, with more to read: it comes again after the others.</summary>
    public void Again(PublisherStream stream)
    {
        lock (_again)
        {
            _again.Enqueue(stream);
        }
    }

    /// <summary>A stream that has read so much that the rest of its frame may not have had room in the socket's buffer. Called on the loop's thread.</summary>
    public void LookAgainSoon(PublisherStream stream) => _large.Add(stream);

    /// <inheritdoc/>
    public void Dispose() => _end.Set();

    private void Run()
    {
        while (!_end.WaitOne(0))
        {
            var waiting = TakeAgain();
            var count = _epoll.Wait(waiting is null ? WaitMilliseconds : 0);
            for (var i = 0; i < count; i++)
            {
                var (events, token) = _epoll.Read(i);
                if (_streams.TryGetValue(token, out var stream))
                {
                    stream.Notice(events, this);
                }
            }

            foreach (var stream in waiting ?? [])
            {
                stream.Continue(this);
            }

            if (waiting is null && count > 0 && _rest() is var rest && rest > TimeSpan.Zero)
            {
                Rest(rest);
            }

            _large.Clear();
        }

        _epoll.Dispose();
        _end.Dispose();
    }

    private void Rest(TimeSpan time)
    {
        while (_large.Count > 0 && time > LargeFrame && !_end.WaitOne(LargeFrame))
        {
            time -= LargeFrame;
            PublisherStream[] large = [.. _large];
            _large.Clear();
            foreach (var stream in large)
            {
                stream.Look(this);
            }
        }

        _end.WaitOne(time);
    }

    private PublisherStream[]? TakeAgain()
    {
        lock (_again)
        {
            if (_again.Count == 0)
            {
                return null;
            }

            PublisherStream[] all = [.. _again];
            _again.Clear();
            return all;
        }
    }
}

/// <summary>
/// The threads that read. Connections that do not publish yet are on one that never rests, so that commands are answered at once; publishers are on as many others as
/// their number asks for.
/// </summary>
internal sealed class ReadLoops : IDisposable
{
    /// <summary>Publishers of one thread before the next is begun, as far as there are processors.</summary>
    private const int PublishersEach = 32;

    /// <summary>How long data gathers for each publisher there is: one alone waits for next to nothing, and from some dozens on the longest time is reached.</summary>
    private static readonly TimeSpan RestEach = TimeSpan.FromMilliseconds(2);

    private readonly ReadLoop _prompt = new("RTMP", () => TimeSpan.Zero);
    private readonly TimeSpan _longest;
    private readonly Lock _gate = new();
    private volatile ReadLoop[] _gathering = [];

    /// <param name="longest">How long publishers' data gathers at most.</param>
    public ReadLoops(TimeSpan longest) => _longest = longest;

    /// <summary>For connections that do not publish yet.</summary>
    public ReadLoop Prompt => _prompt;

    private int Publishers
    {
        get
        {
            var publishers = 0;
            foreach (var loop in _gathering)
            {
                publishers += loop.Count;
            }

            return publishers;
        }
    }

    /// <summary>For one publisher more.</summary>
    public ReadLoop ForPublisher()
    {
        lock (_gate)
        {
            if (_gathering.Length < Environment.ProcessorCount && Publishers >= _gathering.Length * PublishersEach)
            {
                _gathering = [.. _gathering, new ReadLoop($"RTMP {_gathering.Length + 1}", () => RestFor(Publishers, _longest))];
            }

            return _gathering.MinBy(loop => loop.Count)!;
        }
    }

    /// <summary>How long data gathers.</summary>
    /// <param name="publishers">Publishers there are, on all threads.</param>
    /// <param name="longest">The most.</param>
    public static TimeSpan RestFor(int publishers, TimeSpan longest) => publishers >= longest / RestEach ? longest : publishers * RestEach;

    /// <inheritdoc/>
    public void Dispose()
    {
        _prompt.Dispose();
        foreach (var loop in _gathering)
        {
            loop.Dispose();
        }
    }
}
