using System.Collections.Concurrent;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Packager;

/// <summary>What every session works with.</summary>
internal sealed record PackagerContext(
    ISpool Spool, IReadOnlyList<ITimelineSink> Sinks, PackagerOptions Options, TimeProvider Time, DeferredWork Deferred, ILogger Logger);

/// <summary>
/// One session: runs its publications' renditions one after the other, and ends it. Whoever holds the gate owns all state; so nothing here is locked.
/// </summary>
internal sealed class SessionPackager(PackagerContext context, SessionTimeline timeline, SessionAccount account)
{
    /// <summary>Decisions that may pile up while samples are read without a pause.</summary>
    private const int MaxBatch = 64;

    /// <summary>Samples that are still taken when the end has been asked for: more than any queue before this stage holds.</summary>
    private const int MaxQueued = 16_384;

    /// <summary>Pictures that may wait until whoever owns the session takes them; beyond it the oldest goes.</summary>
    private const int MaxPictures = 8;

    /// <summary>What still comes when a session ends, of its slate or of an encoder that is being told to go, is nothing to warn of.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    private static readonly string[] LossNames = Enum.GetNames<SampleLoss>();

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    private readonly long[] _reported = new long[LossNames.Length];
    private readonly ConcurrentQueue<SessionPicture> _pictures = new();
    private Segmenter? _segmenter;
    private bool _isLetGo;
    private volatile bool _receiving;
    private volatile SessionMediaTotals? _totals;
    private long _resumeAt;

    /// <summary>Timestamp of the first call for the end; 0 before.</summary>
    private long _endedAt;

    public ChannelName Channel => timeline.Session.Channel;

    public SessionId Id => timeline.Session.Id;

    public BroadcastSession Session => timeline.Session;

    public LatencyProfile Latency => timeline.Session.Latency;

    /// <summary>Whether an encoder's renditions are being packaged.</summary>
    public bool IsReceiving => _receiving;

    public bool IsEnded => timeline.IsEnded;

    public bool HasClosedSegments => account.HasClosedSegments;

    /// <summary>Whether the disk refuses what is to be announced.</summary>
    public bool IsFailing => account.IsFailing;

    public long LastSegment => account.LastSegment;

    /// <summary>What was made of it; <see langword="null"/> before this process ended it.</summary>
    public SessionMediaTotals? Totals => _totals;

    /// <summary>Tells sinks of a recovered session, all at once, and begins its next journal file unless it is over.</summary>
    public void Announce() => account.Announce();

    /// <summary>Packages one publication's renditions. A second one waits until the first has ended.</summary>
    public async Task RunAsync(RenditionSet set, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        try
        {
            await _gate.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            await DiscardAsync(set, cancellationToken);
            return;
        }

        try
        {
            if (!timeline.IsEnded && !_isLetGo)
            {
                await RunOwnedAsync(set, stop.Token);
            }
        }
        finally
        {
            _gate.Release();
        }

        TakePicturesWhenIdle();
        await DiscardAsync(set, cancellationToken);
    }

    /// <summary>Takes a picture, with the next part where an encoder is there, else at once.</summary>
    public void Offer(SessionPicture picture)
    {
        while (_pictures.Count >= MaxPictures)
        {
            _pictures.TryDequeue(out _);
        }

        _pictures.Enqueue(picture);
        TakePicturesWhenIdle();
    }

    /// <summary>Ends the session: what has arrived is packaged, all is closed, and the timeline says so.</summary>
    public async Task EndAsync(string reason, CancellationToken cancellationToken)
    {
        Interlocked.CompareExchange(ref _endedAt, Math.Max(1, context.Time.GetTimestamp()), 0);
        await _ending.CancelAsync();
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!timeline.IsEnded && !_isLetGo)
            {
                TakePictures();
                account.Add(new TimelineEvent.Ended(reason));
                account.Commit();
                _totals = account.Totals;
                Log.SessionEnded(context.Logger, Channel.Value, Id.Value, timeline.LastSegment, reason);
                RetryWhileFailing();
            }
        }
        finally
        {
            _gate.Release();
        }

        TakePicturesWhenIdle();
    }

    /// <summary>Writes nothing more: another server has the session.</summary>
    /// <returns>Whether it is so; not while an encoder's media arrive, nor when it is over.</returns>
    public bool TryLetGo()
    {
        if (!_gate.Wait(0))
        {
            return false;
        }

        try
        {
            if (!timeline.IsEnded && !_isLetGo)
            {
                _isLetGo = true;
                _pictures.Clear();
                account.LetGo();
            }

            return _isLetGo;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task RunOwnedAsync(RenditionSet set, CancellationToken stop)
    {
        _receiving = true;
        try
        {
            account.Begin(set.Session, set.Renditions, set.IsSlate);
            if (timeline.LastSegment == 0)
            {
                Log.SessionBegins(context.Logger, Channel.Value, Id.Value);
            }
            else
            {
                Log.SessionContinues(context.Logger, Channel.Value, Id.Value, timeline.LastSegment + 1);
            }

            try
            {
                while (await set.Samples.WaitToReadAsync(stop))
                {
                    Read(set, int.MaxValue);
                }
            }
            catch (OperationCanceledException)
            {
                // The end of the session, or of the process: what has come in counts.
                Read(set, MaxQueued);
            }
        }
        finally
        {
            try
            {
                EndRun();
            }
            finally
            {
                _receiving = false;
                RetryWhileFailing();
            }
        }
    }

    private void Read(RenditionSet set, int atMost)
    {
        for (var i = 0; i < atMost && set.Samples.TryRead(out var sample); i++)
        {
            if (!account.IsFailing || Resume())
            {
                _segmenter ??= new Segmenter(Latency, context.Options.SegmenterLimits, account.Position(), set.Renditions);
                _segmenter.Push(sample);
                if (_segmenter.Output.Count >= MaxBatch)
                {
                    Flush();
                }
            }
            else
            {
                PackagerMetrics.Lost(Channel, "disk", 1);
            }
        }

        Flush();
    }

    private void Flush()
    {
        if (_segmenter is not { Output.Count: > 0 } segmenter)
        {
            return;
        }

        Write(segmenter);
        if (account.IsFailing)
        {
            // Nothing can be announced: numbers must not run on meanwhile. The run ends here, and the next begins when the disk takes events again.
            EndRun();
        }
    }

    private void Write(Segmenter segmenter)
    {
        foreach (var cut in segmenter.Output)
        {
            account.Add(cut);
        }

        segmenter.Output.Clear();
        TakePictures();
        account.Commit();
        for (var reason = 0; reason < _reported.Length; reason++)
        {
            var lost = segmenter.Lost((SampleLoss)reason);
            if (lost > _reported[reason])
            {
                PackagerMetrics.Lost(Channel, LossNames[reason], lost - _reported[reason]);
                _reported[reason] = lost;
            }
        }
    }

    /// <summary>Takes the pictures that wait, where nobody owns the session: whoever does takes them later, and looks here once more when it lets go.</summary>
    private void TakePicturesWhenIdle()
    {
        while (!_pictures.IsEmpty && _gate.Wait(0))
        {
            try
            {
                if (_isLetGo)
                {
                    _pictures.Clear();
                    continue;
                }

                TakePictures();
                account.Commit();
                account.Rest();
            }
            finally
            {
                _gate.Release();
            }
        }
    }

    private void TakePictures()
    {
        while (_pictures.TryDequeue(out var picture))
        {
            account.Add(picture);
        }
    }

    private void EndRun()
    {
        if (_segmenter is not { } segmenter)
        {
            return;
        }

        _segmenter = null;
        segmenter.Finish();
        Write(segmenter);
        Array.Clear(_reported);
        account.Rest();
    }

    /// <summary>Whether the disk takes again what it refused; asked now and then.</summary>
    private bool Resume()
    {
        var now = context.Time.GetTimestamp();
        if (now < _resumeAt)
        {
            return false;
        }

        _resumeAt = now + (long)(context.Options.RetryInterval.TotalSeconds * context.Time.TimestampFrequency);
        account.Commit();
        return !account.IsFailing;
    }

    /// <summary>What could not be announced when the encoder left is announced when the disk allows, without one.</summary>
    private void RetryWhileFailing()
    {
        if (account.IsFailing)
        {
            context.Deferred.After(context.Options.RetryInterval, () =>
            {
                if (!_gate.Wait(0))
                {
                    RetryWhileFailing();
                    return;
                }

                try
                {
                    if (!_isLetGo)
                    {
                        account.Commit();
                        RetryWhileFailing();
                    }
                }
                finally
                {
                    _gate.Release();
                }
            });
        }
    }

    private async Task DiscardAsync(RenditionSet set, CancellationToken cancellationToken)
    {
        var told = false;
        while (await set.Samples.WaitToReadAsync(cancellationToken))
        {
            while (set.Samples.TryRead(out _))
            {
                PackagerMetrics.Lost(Channel, "session over", 1);
                if (!told && !(Volatile.Read(ref _endedAt) is not 0 and var ended && context.Time.GetElapsedTime(ended) < FarewellTime))
                {
                    Log.SessionIsOver(context.Logger, Channel.Value, Id.Value);
                    told = true;
                }
            }
        }
    }
}
