using System.Collections.Concurrent;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// A thread that reads publishers' sockets and does on the spot what follows from what was read. Between rounds it may rest for a moment, in which frames of all its
/// publishers gather: so the thread is woken some eighty times a second for all of them together, not for each packet of each.
/// </summary>
internal sealed class ReadLoop : IDisposable
{
    /// <summary>Longest wait for events; only for the end to be noticed.</summary>
    private const int WaitMilliseconds = 500;

    private readonly Epoll _epoll = new(atOnce: 512);
    private readonly ConcurrentDictionary<long, PublisherStream> _streams = new();
    private readonly Queue<PublisherStream> _again = new();
    private readonly TimeSpan _rest;
    private long _lastToken;
    private readonly ManualResetEvent _end = new(initialState: false);

    /// <summary>Starts one.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="rest">Between rounds.</param>
    public ReadLoop(string name, TimeSpan rest)
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

            if (waiting is null && count > 0 && _rest > TimeSpan.Zero)
            {
                _end.WaitOne(_rest);
            }
        }

        _epoll.Dispose();
        _end.Dispose();
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

    private readonly ReadLoop _prompt = new("RTMP", TimeSpan.Zero);
    private readonly List<ReadLoop> _gathering = [];
    private readonly TimeSpan _rest;
    private readonly Lock _gate = new();

    /// <param name="rest">How long publishers' data gathers.</param>
    public ReadLoops(TimeSpan rest) => _rest = rest;

    /// <summary>For connections that do not publish yet.</summary>
    public ReadLoop Prompt => _prompt;

    /// <summary>For one publisher more.</summary>
    public ReadLoop ForPublisher()
    {
        lock (_gate)
        {
            var publishers = _gathering.Sum(loop => loop.Count);
            if (_gathering.Count < Environment.ProcessorCount && publishers >= _gathering.Count * PublishersEach)
            {
                _gathering.Add(new ReadLoop($"RTMP {_gathering.Count + 1}", _rest));
            }

            return _gathering.MinBy(loop => loop.Count)!;
        }
    }

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
