using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;
using Microsoft.Extensions.Logging;

namespace Broadcast.Packager.Sessions;

/// <summary>Shared services and options of all sessions.</summary>
internal sealed record PackagerContext(
    ISpool Spool, IReadOnlyList<ITimelineSink> Sinks, PackagerOptions Options, TimeProvider Time, DeferredWork Deferred, ILogger Logger);

/// <summary>
/// Packages one session: runs its publications' renditions one after the other, and ends it. The holder of the gate owns all state, so no
/// further locks are needed.
/// </summary>
internal sealed class SessionPackager(PackagerContext context, SessionTimeline timeline, SessionTimelineWriter writer,
    ISessionOwnership? ownership = null)
{
    /// <summary>Maximum number of outputs to accumulate while samples are read without a pause.</summary>
    private const int MaxBatch = 64;

    /// <summary>Maximum number of samples to read after the end was requested: more than any earlier queue holds.</summary>
    private const int MaxQueued = 16_384;

    /// <summary>Maximum number of queued images; above it, the oldest is dropped.</summary>
    private const int MaxImages = 8;

    /// <summary>
    /// Time after the end of a session in which discarded media causes no warning: a slate, or an encoder that is being disconnected.
    /// </summary>
    private static readonly TimeSpan EndGracePeriod = TimeSpan.FromSeconds(2);

    private static readonly SampleDropReason[] DropReasons = Enum.GetValues<SampleDropReason>();

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    private readonly long[] _reported = new long[DropReasons.Length];
    private readonly ConcurrentQueue<SessionImage> _images = new();
    private readonly ConcurrentQueue<JournalNumber> _takenJournals = new();
    private Segmenter? _segmenter;
    private volatile bool _isOwned = ownership is null;
    private bool _isReleased;
    private volatile bool _isReleasing;
    private volatile bool _receiving;
    private volatile SessionMediaTotals? _totals;
    private long _resumeAt;

    /// <summary>Timestamp of the first request to end the session; 0 before.</summary>
    private long _endedAt;

    public ChannelName Channel => timeline.Session.Channel;

    public SessionId Id => timeline.Session.Id;

    public BroadcastSession Session => timeline.Session;

    public LatencyProfile Latency => timeline.Session.Latency;

    /// <summary>Indicates whether an encoder's renditions are being packaged.</summary>
    public bool IsReceiving => _receiving;

    public bool IsEnded => timeline.IsEnded;

    public bool HasClosedSegments => writer.HasClosedSegments;

    /// <summary>Indicates whether events cannot be announced because of a disk error.</summary>
    public bool IsFailing => writer.IsFailing;

    public long LastSegment => writer.LastSegment;

    /// <summary>Indicates whether the session is this server's: what another server continues must not change.</summary>
    private bool MayWrite => !_isReleasing && ownership is not { IsUncertain: true };

    /// <summary>Media of the session when this process took it over; <see langword="null"/> when there was none.</summary>
    public SessionResumePoint? ResumePoint { get; set; }

    /// <summary>Indicates whether this process took the session over from another server.</summary>
    public bool IsTakenOver { get; private set; }

    /// <summary>Final totals of the session; <see langword="null"/> before this process has ended it.</summary>
    public SessionMediaTotals? Totals => _totals;

    /// <summary>Announces a recovered session to the sinks as a whole, and starts its next journal file unless it has ended.</summary>
    public void Announce() => writer.Announce();

    /// <summary>Packages one publication's renditions. A second publication waits until the first has ended.</summary>
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
            if (!timeline.IsEnded && !_isReleased)
            {
                await RunLockedAsync(set, stop.Token);
            }
        }
        finally
        {
            _gate.Release();
        }

        WriteImagesWhenIdle();
        await DiscardAsync(set, cancellationToken);
    }

    /// <summary>Records that this server owns the session. A recovered session may be another server's, whose journal must stay.</summary>
    /// <param name="isTakenOver">Whether this process took the session over from another server.</param>
    public void Confirm(bool isTakenOver = false)
    {
        _isOwned = true;
        IsTakenOver |= isTakenOver;
    }

    /// <summary>
    /// Accepts an image, with the next part if an encoder is connected, otherwise at once. Discards it until the session is known to be
    /// this server's: the journal, which would be uploaded with it, may contradict that of the owner.
    /// </summary>
    public void Offer(SessionImage image)
    {
        if (!_isOwned)
        {
            return;
        }

        while (_images.Count >= MaxImages)
        {
            _images.TryDequeue(out _);
        }

        _images.Enqueue(image);
        WriteImagesWhenIdle();
    }

    /// <summary>Continues the journal after a file whose name another server has used, with the next part or at once.</summary>
    public void ReplaceJournal(JournalNumber taken)
    {
        _takenJournals.Enqueue(taken);
        WriteImagesWhenIdle();
    }

    /// <summary>Ends the session: packages received samples, closes all segments and records the end on the timeline.</summary>
    public async Task EndAsync(string reason, CancellationToken cancellationToken)
    {
        Interlocked.CompareExchange(ref _endedAt, Math.Max(1, context.Time.GetTimestamp()), 0);
        await _ending.CancelAsync();
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!timeline.IsEnded && !_isReleased)
            {
                WriteImages();
                writer.Add(new TimelineEvent.Ended(reason));
                writer.Commit();
                _totals = writer.Totals;
                PackagerLog.SessionEnded(context.Logger, Channel.Value, Id.Value, timeline.LastSegment, reason);
                RetryWhileFailing();
            }
        }
        finally
        {
            _gate.Release();
        }

        WriteImagesWhenIdle();
    }

    /// <summary>
    /// Releases the session to another server: media that arrives is discarded, and nothing more is written. The end of a session that has
    /// ended here stays in its journal.
    /// </summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        Interlocked.CompareExchange(ref _endedAt, Math.Max(1, context.Time.GetTimestamp()), 0);
        _isReleasing = true;
        await _ending.CancelAsync();
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_isReleased)
            {
                return;
            }

            if (!timeline.IsEnded)
            {
                MarkReleased(isLost: true);
            }

            // What this server has added since it was cut off is not what the owner has added under the same names.
            context.Spool.Release(new SessionObjectNames(Channel, Id).MediaFolder);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Holds the session: nothing is written until <see cref="Continue"/> or <see cref="ReleaseHeld"/>.</summary>
    /// <returns>Whether the session is held; not if it has ended or is released.</returns>
    public async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        if (!timeline.IsEnded && !_isReleased)
        {
            return true;
        }

        _gate.Release();
        return false;
    }

    /// <summary>Continues a held session.</summary>
    public void Continue()
    {
        _gate.Release();
        WriteImagesWhenIdle();
    }

    /// <summary>Releases a held session to another server.</summary>
    public void ReleaseHeld()
    {
        Interlocked.CompareExchange(ref _endedAt, Math.Max(1, context.Time.GetTimestamp()), 0);
        _ = _ending.CancelAsync();
        MarkReleased(isLost: false);
        _gate.Release();
    }

    private void MarkReleased(bool isLost)
    {
        _isReleased = true;
        _images.Clear();
        writer.Release(isLost);
    }

    private async Task RunLockedAsync(RenditionSet set, CancellationToken stop)
    {
        _receiving = true;
        Confirm();
        try
        {
            writer.BeginPublication(set.Session, set.Renditions, set.IsSlate);
            if (timeline.LastSegment == 0)
            {
                PackagerLog.SessionStarted(context.Logger, Channel.Value, Id.Value);
            }
            else
            {
                PackagerLog.SessionResumed(context.Logger, Channel.Value, Id.Value, timeline.LastSegment + 1);
            }

            try
            {
                while (await set.Samples.WaitToReadAsync(stop))
                {
                    await WhenCertainAsync(stop);
                    Read(set, int.MaxValue);
                }

                await WhenCertainAsync(stop);
            }
            catch (OperationCanceledException)
            {
                // The session or the process ends: process the samples received so far.
                Read(set, MaxQueued);
            }
        }
        finally
        {
            try
            {
                EndPeriod();
            }
            finally
            {
                _receiving = false;
                RetryWhileFailing();
            }
        }
    }

    private Task WhenCertainAsync(CancellationToken stop) =>
        ownership is { IsUncertain: true } ? ownership.WhenCertainAsync(stop) : Task.CompletedTask;

    private void Read(RenditionSet set, int max)
    {
        for (var i = 0; i < max && MayWrite && set.Samples.TryRead(out var sample); i++)
        {
            if (!writer.IsFailing || TryResume())
            {
                _segmenter ??= new Segmenter(Latency, context.Options.SegmenterLimits, writer.GetSegmenterStart(), set.Renditions);
                _segmenter.Push(sample);
                if (_segmenter.Output.Count >= MaxBatch)
                {
                    Flush();
                }
            }
            else
            {
                PackagerMetrics.DroppedOnDiskFailure(Channel);
            }
        }

        Flush();
    }

    private void Flush()
    {
        if (_segmenter is not { Output.Count: > 0 } segmenter || !MayWrite)
        {
            return;
        }

        Write(segmenter);
        if (writer.IsFailing)
        {
            // Nothing can be announced, so segment numbers must not advance. The period ends here, and the next one starts when the disk
            // accepts events again.
            EndPeriod();
        }
        else if (writer.TakeLostPeriod())
        {
            _segmenter = null;
            Array.Clear(_reported);
        }
    }

    private void Write(Segmenter segmenter)
    {
        foreach (var cut in segmenter.Output)
        {
            writer.Add(cut);
        }

        segmenter.Output.Clear();
        WriteImages();
        writer.Commit();
        ReplaceJournals();
        foreach (var reason in DropReasons)
        {
            var dropped = segmenter.GetDropped(reason);
            ref var reported = ref _reported[(int)reason];
            if (dropped > reported)
            {
                PackagerMetrics.Dropped(Channel, reason, dropped - reported);
                reported = dropped;
            }
        }
    }

    /// <summary>
    /// Writes queued images, and replaces journals, if no other thread owns the session. An owner does it later, and calls this again after
    /// releasing the gate.
    /// </summary>
    private void WriteImagesWhenIdle()
    {
        while (!(_images.IsEmpty && _takenJournals.IsEmpty) && _gate.Wait(0))
        {
            try
            {
                if (_isReleased)
                {
                    _images.Clear();
                    _takenJournals.Clear();
                    continue;
                }

                WriteImages();
                ReplaceJournals();
                writer.Commit();
                writer.Suspend();
            }
            finally
            {
                _gate.Release();
            }
        }
    }

    private void WriteImages()
    {
        while (_images.TryDequeue(out var image))
        {
            writer.Add(image);
        }
    }

    private void ReplaceJournals()
    {
        while (_takenJournals.TryDequeue(out var taken))
        {
            writer.ReplaceJournal(taken);
        }
    }

    private void EndPeriod()
    {
        if (_segmenter is not { } segmenter)
        {
            return;
        }

        _segmenter = null;
        if (_isReleasing)
        {
            return;
        }

        segmenter.Finish();
        Write(segmenter);
        _ = writer.TakeLostPeriod();
        Array.Clear(_reported);
        writer.Suspend();
    }

    /// <summary>Returns whether a failed disk accepts writes again; checked at the retry interval.</summary>
    private bool TryResume()
    {
        var now = context.Time.GetTimestamp();
        if (now < _resumeAt)
        {
            return false;
        }

        _resumeAt = now + (long)(context.Options.RetryInterval.TotalSeconds * context.Time.TimestampFrequency);
        writer.Commit();
        return !writer.IsFailing;
    }

    /// <summary>Announces pending events after the encoder has left, once the disk accepts writes again.</summary>
    private void RetryWhileFailing()
    {
        if (writer.IsFailing)
        {
            context.Deferred.Schedule(context.Options.RetryInterval, () =>
            {
                if (!_gate.Wait(0))
                {
                    RetryWhileFailing();
                    return;
                }

                try
                {
                    if (!_isReleased)
                    {
                        writer.Commit();
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
        var hasLogged = false;
        while (await set.Samples.WaitToReadAsync(cancellationToken))
        {
            while (set.Samples.TryRead(out _))
            {
                PackagerMetrics.DroppedAfterEnd(Channel);
                if (!hasLogged
                    && !(Volatile.Read(ref _endedAt) is not 0 and var ended && context.Time.GetElapsedTime(ended) < EndGracePeriod))
                {
                    PackagerLog.SessionAlreadyEnded(context.Logger, Channel.Value, Id.Value);
                    hasLogged = true;
                }
            }
        }
    }
}
