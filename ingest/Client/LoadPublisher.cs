namespace Broadcast.Ingest.Client;

/// <summary>What a load run sends, and where to.</summary>
/// <param name="Targets">One connection each.</param>
/// <param name="Media">Sent by all of them, again and again; shared, never copied.</param>
/// <param name="Duration">How long each publishes, from when it was accepted.</param>
/// <param name="ConnectionsPerSecond">How fast they come.</param>
/// <param name="ChunkSize">Largest payload of a chunk, 128 to 16,777,215.</param>
public sealed record LoadPlan(
    IReadOnlyList<RtmpTarget> Targets, FlvFile Media, TimeSpan Duration, double ConnectionsPerSecond = 50, int ChunkSize = RtmpPublisher.DefaultChunkSize);

/// <summary>How a load run goes.</summary>
/// <param name="Asked">Connections asked for.</param>
/// <param name="Accepted">Connections that the server accepted.</param>
/// <param name="Publishing">Of those, the ones that publish now.</param>
/// <param name="Failed">Connections that were refused or broke.</param>
/// <param name="Bytes">Bytes sent as media.</param>
/// <param name="Frames">Audio and video frames sent.</param>
/// <param name="Stalls">Times that a connection was not ready for its next frames because the server did not take the last ones.</param>
/// <param name="AcceptTimes">From connecting to publish accepted, ascending.</param>
/// <param name="Errors">What went wrong, each kind once, at most 20.</param>
public sealed record LoadReport(
    int Asked, int Accepted, int Publishing, int Failed, long Bytes, long Frames, long Stalls, IReadOnlyList<TimeSpan> AcceptTimes, IReadOnlyList<string> Errors)
{
    /// <summary>
    /// How far the frames of the connection that did worst had fallen behind their times when it ended. More than some milliseconds: the load was less than it should have been, because
    /// the machine or the server could not keep up.
    /// </summary>
    public TimeSpan Behind { get; init; }

    /// <summary>The time within which a part of the connections was accepted; zero when none was.</summary>
    /// <param name="part">0 to 1; 0.5 is the median.</param>
    public TimeSpan AcceptedWithin(double part) =>
        AcceptTimes.Count == 0 ? TimeSpan.Zero : AcceptTimes[Math.Clamp((int)Math.Ceiling(part * AcceptTimes.Count) - 1, 0, AcceptTimes.Count - 1)];
}

/// <summary>
/// Many publishers in one process at little cost: one loop wakes every few milliseconds and sends each connection what has fallen due since, in one write.
/// A connection whose server does not read is passed over and catches up, so it holds up no other.
/// </summary>
/// <param name="plan">What to do.</param>
/// <param name="time">The clock.</param>
public sealed class LoadPublisher(LoadPlan plan, TimeProvider time)
{
    private const int MaxErrors = 20;
    private const int MaxTagsInOneWrite = 64;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly List<Lane> _lanes = [];
    private readonly List<TimeSpan> _acceptTimes = [];
    private readonly List<string> _errors = [];
    private readonly List<FlvTag> _opening = [.. plan.Media.Tags.Where(t => t.IsConfiguration || !(t.IsAudio || t.IsVideo))];
    private readonly List<FlvTag> _frames = [.. plan.Media.Tags.Where(t => (t.IsAudio || t.IsVideo) && !t.IsConfiguration)];
    private readonly List<Task> _closing = [];
    private int _failed;
    private long _bytes;
    private long _frameCount;
    private long _stalls;
    private TimeSpan _behind;

    /// <summary>How it goes now.</summary>
    public LoadReport Report()
    {
        lock (_gate)
        {
            return new LoadReport(plan.Targets.Count, _acceptTimes.Count, _lanes.Count, _failed, _bytes, _frameCount, _stalls,
                [.. _acceptTimes.Order()], [.. _errors]) { Behind = _behind };
        }
    }

    /// <summary>Publishes until every connection has done its time, or until cancelled, which is no error.</summary>
    /// <exception cref="ArgumentException">There is no frame to send.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken cancellationToken = default)
    {
        if (_frames.Count == 0 || plan.Media.Duration <= TimeSpan.Zero)
        {
            throw new ArgumentException("There is no audio or video in the file.");
        }

        var connecting = ConnectAllAsync(cancellationToken);
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            while (!(connecting.IsCompleted && LaneCount() == 0))
            {
                SendDue(cancellationToken);
                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }

        await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var left = TakeLanes();
        left.ForEach(NoteBehind);
        await Task.WhenAll([.. _closing, .. left.Select(CloseAsync)]);
        return Report();
    }

    private async Task ConnectAllAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        List<Task> connecting = [];
        for (var i = 0; i < plan.Targets.Count; i++)
        {
            var wait = TimeSpan.FromSeconds(i / plan.ConnectionsPerSecond) - time.GetElapsedTime(began);
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
            var began = time.GetTimestamp();
            var publisher = await RtmpPublisher.ConnectAsync(target, plan.ChunkSize, either.Token);
            var accepted = time.GetElapsedTime(began);
            await publisher.SendAsync(_opening, 0, either.Token);
            lock (_gate)
            {
                _acceptTimes.Add(accepted);
                _lanes.Add(new Lane(publisher, time.GetTimestamp()));
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
        Lane[] lanes;
        lock (_gate)
        {
            lanes = [.. _lanes];
        }

        foreach (var lane in lanes)
        {
            if (!lane.Sending.IsCompleted)
            {
                _stalls++;
                continue;
            }

            var elapsed = time.GetElapsedTime(lane.Began);
            if (lane.Sending.IsFaulted || lane.Publisher.Completion.IsCompleted || elapsed >= plan.Duration)
            {
                Retire(lane, elapsed >= plan.Duration);
                continue;
            }

            Send(lane, elapsed, cancellationToken);
        }
    }

    private void Send(Lane lane, TimeSpan elapsed, CancellationToken cancellationToken)
    {
        var first = _frames[0].Timestamp;
        var due = (long)elapsed.TotalMilliseconds - lane.Offset;
        var from = lane.Next;
        var to = from;
        while (to < _frames.Count && to - from < MaxTagsInOneWrite && _frames[to].Timestamp - first <= due)
        {
            to++;
        }

        if (to > from)
        {
            lane.Sending = lane.Publisher.SendAsync(_frames, from, to, unchecked((uint)lane.Offset), cancellationToken).AsTask();
            lock (_gate)
            {
                _frameCount += to - from;
                _bytes += lane.Publisher.BytesSent - lane.Counted;
            }

            lane.Counted = lane.Publisher.BytesSent;
            lane.Next = to;
        }

        if (lane.Next == _frames.Count)
        {
            lane.Next = 0;
            lane.Offset += (long)plan.Media.Duration.TotalMilliseconds;
        }
    }

    private void Retire(Lane lane, bool finished)
    {
        lock (_gate)
        {
            _lanes.Remove(lane);
        }

        NoteBehind(lane);
        var error = lane.Publisher.Completion.Exception?.InnerException ?? lane.Sending.Exception?.InnerException;
        if (!finished)
        {
            Fail(error ?? new IOException("The server closed the connection."));
        }

        _closing.Add(CloseAsync(lane));
    }

    /// <summary>The next frame may be due already: by how much is how far a connection is behind.</summary>
    private void NoteBehind(Lane lane)
    {
        var due = TimeSpan.FromMilliseconds(lane.Offset + _frames[lane.Next].Timestamp - _frames[0].Timestamp);
        var behind = time.GetElapsedTime(lane.Began) - due;
        lock (_gate)
        {
            _behind = behind > _behind ? behind : _behind;
        }
    }

    private static async Task CloseAsync(Lane lane)
    {
        await lane.Sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        await lane.Publisher.CloseAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    private int LaneCount()
    {
        lock (_gate)
        {
            return _lanes.Count;
        }
    }

    private List<Lane> TakeLanes()
    {
        lock (_gate)
        {
            List<Lane> all = [.. _lanes];
            _lanes.Clear();
            return all;
        }
    }

    private sealed class Lane(RtmpPublisher publisher, long began)
    {
        public RtmpPublisher Publisher => publisher;

        public long Began => began;

        public Task Sending { get; set; } = Task.CompletedTask;

        public int Next { get; set; }

        public long Offset { get; set; }

        public long Counted { get; set; }
    }
}
