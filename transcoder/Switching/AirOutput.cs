using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Slate;

namespace Broadcast.Transcoder.Switching;

/// <summary>
/// What viewers get, as one publication for the next stage, whichever inputs it comes from. Written to by one at a time. An idle next stage runs on the writer's thread; when
/// its queue is full the writer waits, and what comes meanwhile waits in the encoder's own queue, which has its policy.
/// </summary>
internal sealed class AirOutput
{
    /// <summary>Samples that may wait: the next stage takes them at once, as its own queue drops what is too much.</summary>
    private const int Length = 64;

    /// <summary>Most pictures kept: half a minute at 60 a second.</summary>
    private const int MostKept = 1800;

    private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(Length)
    {
        SingleReader = true,
        SingleWriter = true,
        AllowSynchronousContinuations = true,
    });

    private readonly CancellationTokenSource _cut = new();
    private readonly List<AirTrack> _tracks;
    private readonly TrackKind _lead;
    private readonly List<MediaSample> _group = [];
    private readonly long _keptBytes;
    private long _groupBytes;
    private DateTimeOffset _arrival;

    /// <summary>Begins one.</summary>
    /// <param name="next">The next stage.</param>
    /// <param name="grant">The leave of the input that it begins with.</param>
    /// <param name="tracks">That input's tracks.</param>
    /// <param name="before">The one before in the session, which the next stage finishes first.</param>
    /// <param name="keptBytes">Most bytes kept of its pictures from the last keyframe on.</param>
    /// <param name="isSlate">Whether it is the slate.</param>
    public AirOutput(IPublicationSink next, PublishGrant grant, IReadOnlyList<Track> tracks, AirOutput? before, long keptBytes, bool isSlate)
    {
        _keptBytes = keptBytes;
        _tracks = [.. tracks.Select(t => new AirTrack(t))];
        _lead = tracks.Any(t => t.Kind == TrackKind.Video) ? TrackKind.Video : TrackKind.Audio;
        Running = RunAsync(next, new Publication(grant, tracks, _queue.Reader) { IsSlate = isSlate }, before?.Running ?? Task.CompletedTask);
    }

    /// <summary>Completes when the next stage has passed all of it on, or has failed.</summary>
    public Task Running { get; }

    /// <summary>Where its leading track ends; <see langword="null"/> when nothing has come.</summary>
    public AirEnd? End => Lead?.End;

    /// <summary>What viewers had of it up to now; <see langword="null"/> when nothing has come.</summary>
    public Loss? LossFor(PublishGrant grant) => Lead is { End: { } end } lead
        ? new Loss(grant, [.. _tracks.Select(t => t.Track)], [.. _group], end, lead.Step, _arrival)
        : null;

    /// <summary>Whether an input's tracks could go on in it without players being told: as many of each kind, configured alike.</summary>
    public bool Fits(IReadOnlyList<Track> tracks) => !Running.IsCompleted && tracks.Count == _tracks.Count && Pair(tracks).All(p => p.Air is not null && p.Air.Fits(p.Input));

    /// <summary>Another input goes on from here.</summary>
    /// <param name="tracks">Its tracks, which fit.</param>
    /// <param name="shift">By how much its times are moved.</param>
    public void Join(IReadOnlyList<Track> tracks, MediaTime shift)
    {
        foreach (var (input, air) in Pair(tracks))
        {
            air!.Join(input, shift);
        }
    }

    /// <summary>Passes a sample on, where it can follow what is there.</summary>
    /// <returns><see langword="false"/> when the next stage has ended.</returns>
    public ValueTask<bool> WriteAsync(MediaSample sample)
    {
        if (!TrackOf(sample.Track).TryTake(ref sample))
        {
            return ValueTask.FromResult(!Running.IsCompleted);
        }

        if (sample.Track.Id == Lead?.Track.Id)
        {
            Keep(sample);
        }

        return _queue.Writer.TryWrite(sample) ? ValueTask.FromResult(true) : WaitAsync(sample);
    }

    /// <summary>No more will come.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    /// <summary>The next stage takes too long.</summary>
    public Task CutAsync() => _cut.CancelAsync();

    private AirTrack? Lead => _tracks.Find(t => t.Kind == _lead);

    /// <summary>Keeps the newest group of pictures, of one configuration; none where it is too large.</summary>
    private void Keep(in MediaSample sample)
    {
        _arrival = sample.Arrival;
        if (_keptBytes == 0 || _lead != TrackKind.Video)
        {
            return;
        }

        if (sample.IsSync)
        {
            _group.Clear();
            _groupBytes = 0;
        }

        if (sample.IsSync || _group.Count > 0)
        {
            _group.Add(sample);
            _groupBytes += sample.Payload.Length;
            if (_groupBytes > _keptBytes || _group.Count > MostKept)
            {
                _group.Clear();
            }
        }
    }

    private async ValueTask<bool> WaitAsync(MediaSample sample)
    {
        while (await _queue.Writer.WaitToWriteAsync())
        {
            if (_queue.Writer.TryWrite(sample))
            {
                return true;
            }
        }

        return false;
    }

    private async Task RunAsync(IPublicationSink next, Publication publication, Task before)
    {
        try
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await next.RunAsync(publication, _cut.Token);
        }
        finally
        {
            // Whoever waits for room would wait for ever.
            _queue.Writer.TryComplete();
        }
    }

    private AirTrack TrackOf(Track track)
    {
        foreach (var air in _tracks)
        {
            if (air.Takes(track))
            {
                return air;
            }
        }

        // It appears late. Whether it is passed on is the next stage's affair, which has a limit.
        var late = new AirTrack(track);
        _tracks.Add(late);
        return late;
    }

    /// <summary>The first pictures of one with the first of the other, and so on.</summary>
    private IEnumerable<(Track Input, AirTrack? Air)> Pair(IReadOnlyList<Track> tracks)
    {
        for (var i = 0; i < tracks.Count; i++)
        {
            var nth = tracks.Take(i).Count(t => t.Kind == tracks[i].Kind);
            yield return (tracks[i], _tracks.Where(t => t.Kind == tracks[i].Kind).ElementAtOrDefault(nth));
        }
    }
}
