namespace Broadcast.Publisher;

/// <summary>Parameters of a load test.</summary>
/// <param name="Targets">Targets, one connection each.</param>
/// <param name="Media">Media that all connections send in a loop; shared, never copied.</param>
/// <param name="Duration">Publishing time of each connection, from its acceptance.</param>
/// <param name="ConnectionsPerSecond">Rate of new connections.</param>
/// <param name="ChunkSize">Maximum payload of a chunk, 128 to 16,777,215.</param>
public sealed record LoadPlan(
    IReadOnlyList<RtmpTarget> Targets, FlvFile Media, TimeSpan Duration, double ConnectionsPerSecond = 50,
    int ChunkSize = RtmpPublisher.DefaultChunkSize);

/// <summary>Progress of a load test.</summary>
/// <param name="Requested">Number of requested connections.</param>
/// <param name="Accepted">Number of connections that the server accepted.</param>
/// <param name="Publishing">Number of accepted connections that are publishing now.</param>
/// <param name="Failed">Number of connections that were rejected or failed.</param>
/// <param name="Bytes">Media bytes sent.</param>
/// <param name="Frames">Audio and video frames sent.</param>
/// <param name="Stalls">Number of times that a connection was not ready for its next frames because the server had not read the last
/// ones.</param>
/// <param name="AcceptTimes">Times from connecting to accepted publishing, ascending.</param>
/// <param name="Errors">Distinct errors, at most 20.</param>
public sealed record LoadReport(
    int Requested, int Accepted, int Publishing, int Failed, long Bytes, long Frames, long Stalls, IReadOnlyList<TimeSpan> AcceptTimes,
    IReadOnlyList<string> Errors)
{
    /// <summary>
    /// Maximum delay of frames behind their schedule over all connections. A value of more than some milliseconds means that the load was
    /// lower than planned, because the machine or the server could not keep up.
    /// </summary>
    public TimeSpan MaxDelay { get; init; }

    /// <summary>Time within which a fraction of the connections was accepted; zero when none was.</summary>
    /// <param name="fraction">0 to 1; 0.5 is the median.</param>
    public TimeSpan AcceptedWithin(double fraction) =>
        AcceptTimes.Count == 0
            ? TimeSpan.Zero
            : AcceptTimes[Math.Clamp((int)Math.Ceiling(fraction * AcceptTimes.Count) - 1, 0, AcceptTimes.Count - 1)];
}

/// <summary>
/// Runs many publishers in one process at low cost. One loop wakes every 5 ms and sends each connection its due frames in one write. A
/// connection whose server does not read is skipped and catches up later, so it does not delay others.
/// </summary>
/// <param name="plan">Parameters of the test.</param>
/// <param name="time">The clock.</param>
public sealed class LoadPublisher(LoadPlan plan, TimeProvider time)
{
    private const int MaxErrors = 20;
    private const int MaxTagsInOneWrite = 64;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly List<LoadConnection> _connections = [];
    private readonly List<TimeSpan> _acceptTimes = [];
    private readonly List<string> _errors = [];
    private readonly List<FlvTag> _setupTags = [.. plan.Media.Tags.Where(t => t.IsConfiguration || !(t.IsAudio || t.IsVideo))];
    private readonly List<FlvTag> _frames = [.. plan.Media.Tags.Where(t => (t.IsAudio || t.IsVideo) && !t.IsConfiguration)];
    private readonly List<Task> _closing = [];
    private int _failed;
    private long _bytes;
    private long _frameCount;
    private long _stalls;
    private TimeSpan _maxDelay;

    /// <summary>Current progress.</summary>
    public LoadReport Report()
    {
        lock (_gate)
        {
            return new LoadReport(plan.Targets.Count, _acceptTimes.Count, _connections.Count, _failed, _bytes, _frameCount, _stalls,
                [.. _acceptTimes.Order()], [.. _errors]) { MaxDelay = _maxDelay };
        }
    }

    /// <summary>Publishes until every connection has reached its duration, or until cancelled, which is not an error.</summary>
    /// <exception cref="ArgumentException">The file has no frames.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken cancellationToken = default)
    {
        if (_frames.Count == 0 || plan.Media.Duration <= TimeSpan.Zero)
        {
            throw new ArgumentException("The file contains no audio or video.");
        }

        var connecting = ConnectAllAsync(cancellationToken);
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            while (!(connecting.IsCompleted && CountConnections() == 0))
            {
                SendDue(cancellationToken);
                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The caller cancelled the run.
        }

        await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var left = TakeConnections();
        left.ForEach(RecordDelay);
        await Task.WhenAll([.. _closing, .. left.Select(CloseAsync)]);
        return Report();
    }

    private async Task ConnectAllAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        List<Task> connecting = [];
        for (var i = 0; i < plan.Targets.Count; i++)
        {
            var wait = TimeSpan.FromSeconds(i / plan.ConnectionsPerSecond) - time.GetElapsedTime(start);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellationToken);
            }

            connecting.Add(ConnectAsync(plan.Targets[i], cancellationToken));
        }

        await Task.WhenAll(connecting);
    }

    private async Task ConnectAsync(RtmpTarget target, CancellationToken cancellationToken)
    {
        try
        {
            using var timeout = new CancellationTokenSource(ConnectTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            var start = time.GetTimestamp();
            var publisher = await RtmpPublisher.ConnectAsync(target, plan.ChunkSize, either.Token);
            var accepted = time.GetElapsedTime(start);
            await publisher.SendAsync(_setupTags, 0, either.Token);
            lock (_gate)
            {
                _acceptTimes.Add(accepted);
                _connections.Add(new LoadConnection(publisher, time.GetTimestamp()));
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                Fail(e);
            }
        }
    }

    private void SendDue(CancellationToken cancellationToken)
    {
        LoadConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
        }

        foreach (var connection in connections)
        {
            if (!connection.Sending.IsCompleted)
            {
                _stalls++;
                continue;
            }

            var elapsed = time.GetElapsedTime(connection.StartTimestamp);
            if (connection.Sending.IsFaulted || connection.Publisher.Completion.IsCompleted || elapsed >= plan.Duration)
            {
                Retire(connection, elapsed >= plan.Duration);
                continue;
            }

            Send(connection, elapsed, cancellationToken);
        }
    }

    private void Send(LoadConnection connection, TimeSpan elapsed, CancellationToken cancellationToken)
    {
        var first = _frames[0].Timestamp;
        var due = (long)elapsed.TotalMilliseconds - connection.Offset;
        var from = connection.Next;
        var to = from;
        while (to < _frames.Count && to - from < MaxTagsInOneWrite && _frames[to].Timestamp - first <= due)
        {
            to++;
        }

        if (to > from)
        {
            connection.Sending = connection.Publisher.SendAsync(_frames, from, to, unchecked((uint)connection.Offset), cancellationToken)
                .AsTask();
            lock (_gate)
            {
                _frameCount += to - from;
                _bytes += connection.Publisher.BytesSent - connection.CountedBytes;
            }

            connection.CountedBytes = connection.Publisher.BytesSent;
            connection.Next = to;
        }

        if (connection.Next == _frames.Count)
        {
            connection.Next = 0;
            connection.Offset += (long)plan.Media.Duration.TotalMilliseconds;
        }
    }

    private void Retire(LoadConnection connection, bool finished)
    {
        lock (_gate)
        {
            _connections.Remove(connection);
        }

        RecordDelay(connection);
        var error = connection.Publisher.Completion.Exception?.InnerException ?? connection.Sending.Exception?.InnerException;
        if (!finished)
        {
            Fail(error ?? new IOException("The server closed the connection."));
        }

        _closing.Add(CloseAsync(connection));
    }

    /// <summary>Updates the maximum delay. A connection is late by the time since its next frame was due.</summary>
    private void RecordDelay(LoadConnection connection)
    {
        var due = TimeSpan.FromMilliseconds(connection.Offset + _frames[connection.Next].Timestamp - _frames[0].Timestamp);
        var delay = time.GetElapsedTime(connection.StartTimestamp) - due;
        lock (_gate)
        {
            _maxDelay = delay > _maxDelay ? delay : _maxDelay;
        }
    }

    private static async Task CloseAsync(LoadConnection connection)
    {
        await connection.Sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        await connection.Publisher.CloseAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Fail(Exception e)
    {
        var text = e is RtmpPublishException { Code.Length: > 0 } refused ? $"{refused.Code}: {refused.Message}" : e.Message;
        lock (_gate)
        {
            _failed++;
            if (_errors.Count < MaxErrors && !_errors.Contains(text))
            {
                _errors.Add(text);
            }
        }
    }

    private int CountConnections()
    {
        lock (_gate)
        {
            return _connections.Count;
        }
    }

    private List<LoadConnection> TakeConnections()
    {
        lock (_gate)
        {
            List<LoadConnection> all = [.. _connections];
            _connections.Clear();
            return all;
        }
    }

    private sealed class LoadConnection(RtmpPublisher publisher, long start)
    {
        public RtmpPublisher Publisher => publisher;

        public long StartTimestamp => start;

        public Task Sending { get; set; } = Task.CompletedTask;

        public int Next { get; set; }

        public long Offset { get; set; }

        public long CountedBytes { get; set; }
    }
}
