using System.Threading.Channels;
using Broadcast.Media;

namespace Broadcast.Transcoder.Slate;

/// <summary>One publication of sound with pictures beside it that do not move, on its way to the next stage. An idle next stage runs on the writer's thread; when its queue is full, the writer waits.</summary>
internal sealed class StillAir : IAsyncDisposable
{
    /// <summary>Samples that may wait: the next stage takes them at once.</summary>
    private const int QueueLength = 64;

    /// <summary>Number of the pictures' track, beyond those of encoders, rungs and silence.</summary>
    private const int StillTrack = 4000;

    /// <summary>Sound further apart than this has a hole in it, and so have the pictures: as in the packager, where no segment may be longer.</summary>
    private static readonly TimeSpan Hole = TimeSpan.FromSeconds(3);

    private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });
    private readonly IAsyncEnumerator<SlatePicture> _pictures;
    private readonly Track _track;
    private readonly int _step;
    private readonly Task _running;
    private MediaTime? _at;

    /// <summary>Begins one.</summary>
    /// <param name="next">The next stage.</param>
    /// <param name="publication">The sound's.</param>
    /// <param name="sounds">Its tracks as they are now.</param>
    /// <param name="pictures">The pictures without end, standing at the first, which is a sync sample.</param>
    /// <param name="step">Ticks from picture to picture.</param>
    /// <param name="cancellationToken">The next stage's.</param>
    public StillAir(IPublicationSink next, Publication publication, IReadOnlyList<Track> sounds, IAsyncEnumerator<SlatePicture> pictures, int step, CancellationToken cancellationToken)
    {
        (_pictures, _step) = (pictures, step);
        _track = new Track(StillTrack, pictures.Current.Configuration, MediaTime.VideoTimescale);
        _running = RunAsync(next, publication with { Tracks = [_track, .. sounds], Samples = _queue.Reader }, cancellationToken);
    }

    /// <summary>Passes a frame of sound on, and before it all pictures up to its time.</summary>
    /// <returns><see langword="false"/> when the next stage has ended.</returns>
    public async ValueTask<bool> HearAsync(MediaSample sound)
    {
        var until = sound.Present.Rescale(MediaTime.VideoTimescale);
        if (_at is not { } at || (until - at).ToTimeSpan() > Hole)
        {
            at = until;
            while (!_pictures.Current.IsSync && await _pictures.MoveNextAsync())
            {
                // Nothing could be decoded behind the hole with the next one.
            }
        }

        for (; at <= until; at = at with { Ticks = at.Ticks + _step })
        {
            var picture = _pictures.Current;
            if (!await WriteAsync(new MediaSample(_track, at, at, picture.IsSync, picture.Payload, sound.Arrival)) || !await _pictures.MoveNextAsync())
            {
                return false;
            }
        }

        _at = at;
        return await WriteAsync(sound);
    }

    /// <summary>No more comes. Returns when the next stage has passed all of it on.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running;
    }

    private async ValueTask<bool> WriteAsync(MediaSample sample)
    {
        while (!_queue.Writer.TryWrite(sample))
        {
            if (!await _queue.Writer.WaitToWriteAsync())
            {
                return false;
            }
        }

        return true;
    }

    private async Task RunAsync(IPublicationSink next, Publication publication, CancellationToken cancellationToken)
    {
        try
        {
            await next.RunAsync(publication, cancellationToken);
        }
        finally
        {
            // Whoever waits for room would wait for ever.
            _queue.Writer.TryComplete();
        }
    }
}
