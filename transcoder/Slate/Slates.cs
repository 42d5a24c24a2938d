using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Switching;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Slate;

/// <summary>
/// Keeps a session going whose encoder is gone: the last picture stands for a moment, then the slate is shown, with silence, in real time, as one more input of the session's <see cref="SwitchLine"/>. It goes on until an
/// encoder's keyframe takes its place or the session ends.
/// </summary>
/// <param name="options">How long things last.</param>
/// <param name="encoding">Where ffmpeg is.</param>
/// <param name="channels">Slates of channels' own; <see langword="null"/> where nobody keeps any.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class Slates(IOptions<SlateOptions> options, IOptions<EncodingOptions> encoding, IChannelSlates? channels, TimeProvider time, ILogger<Slates> logger) : IDisposable
{
    /// <summary>An encoder that is back so soon has never been away, and a session that ends with its encoder needs no slate.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Samples that may wait: the switch takes them at once.</summary>
    private const int QueueLength = 64;

    private readonly SemaphoreSlim _slots = new(options.Value.AtOnce, options.Value.AtOnce);

    /// <summary>What was configured.</summary>
    public SlateOptions Options => options.Value;

    /// <summary>Shows a slate for as long as it is needed.</summary>
    /// <param name="line">The session's inputs.</param>
    /// <param name="loss">What viewers had.</param>
    /// <param name="cancellationToken">Ends it: the session is over, or the process is ending.</param>
    public async Task RunAsync(SwitchLine line, Loss loss, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Pause, time, cancellationToken);
            if (line.HasSource)
            {
                return;
            }

            if (loss.Tracks.FirstOrDefault(t => t.Kind == TrackKind.Video) is { } video)
            {
                await ShowAsync(line, loss, video, cancellationToken);
            }
            else if (loss.Tracks.Count > 0)
            {
                await using var air = new SlateAir(line, loss, video: null, time);
                await air.RunAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Over.
        }
        catch (Exception e)
        {
            SlateLog.Failed(logger, loss.Grant.Session.Channel.Value, e.Message);
        }
    }

    /// <summary>Begins to code a channel's slate, as pictures for sound that has none.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="format">How they shall be.</param>
    /// <param name="cancellationToken">Gives up waiting for others that are being coded.</param>
    public async Task<SlateClip> MakeAsync(ChannelName channel, SlateFormat format, CancellationToken cancellationToken) =>
        await MakeAsync(new SlateMaterial([], format, Hold: 0), await FileAsync(channel, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private async Task ShowAsync(SwitchLine line, Loss loss, Track video, CancellationToken cancellationToken)
    {
        var file = await FileAsync(loss.Grant.Session.Channel, cancellationToken);
        await using var clip = await MakeAsync(loss, video, file, cancellationToken);
        await using var air = new SlateAir(line, loss, video, time);
        await foreach (var picture in clip.ReadAsync(cancellationToken))
        {
            if (!await air.ShowAsync(picture, cancellationToken))
            {
                return;
            }
        }
    }

    private Task<SlateClip> MakeAsync(Loss loss, Track video, SlateFile file, CancellationToken cancellationToken)
    {
        var picture = video.Config.Picture;
        var format = SlateFormat.For(
            picture?.Width ?? 1280, picture?.Height ?? 720, picture?.SampleAspectWidth ?? 1, picture?.SampleAspectHeight ?? 1, loss.Step);
        var hold = loss.Group.Count == 0 || options.Value.Hold == TimeSpan.Zero ? 0 : format.Pictures(options.Value.Hold);
        return MakeAsync(new SlateMaterial(loss.Group, format, hold), file, cancellationToken);
    }

    /// <summary>Begins to code it; the place of this one is free for another when that is done, long before it is shown to its end.</summary>
    private async Task<SlateClip> MakeAsync(SlateMaterial material, SlateFile file, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            var clip = new SlateClip(encoding.Value.Ffmpeg, time, material, file);
            _ = clip.Coded.ContinueWith(_ => Free(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return clip;
        }
        catch
        {
            Free();
            throw;
        }
    }

    private void Free()
    {
        try
        {
            _slots.Release();
        }
        catch (ObjectDisposedException)
        {
            // The process is ending.
        }
    }

    private async Task<SlateFile> FileAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        try
        {
            if (channels is not null && await channels.FindAsync(channel, cancellationToken) is { } own)
            {
                return new SlateFile(own.Bytes, own.IsClip);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            SlateLog.NotFound(logger, channel.Value, e.Message);
        }

        if (options.Value.Picture is { Length: > 0 } picture)
        {
            try
            {
                return new SlateFile(await File.ReadAllBytesAsync(picture, cancellationToken), IsClip: false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                SlateLog.NotFound(logger, channel.Value, e.Message);
            }
        }

        return BuiltIn;
    }

    private static SlateFile BuiltIn { get; } = Read();

    private static SlateFile Read()
    {
        using var stream = typeof(Slates).Assembly.GetManifestResourceStream("Broadcast.Transcoder.Slate.slate.png")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new SlateFile(bytes, IsClip: false);
    }

    /// <summary>One slate on its way to viewers: pictures and silence at the pace of the clock.</summary>
    private sealed class SlateAir : IAsyncDisposable
    {
        private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });
        private readonly SwitchLine _line;
        private readonly Loss _loss;
        private readonly Track? _video;
        private readonly TimeProvider _time;
        private readonly SilentSound? _sound;
        private readonly MediaTime _start;
        private readonly int _step;
        private Task? _running;
        private Track? _slate;
        private long _shown;
        private long _sounds;

        public SlateAir(SwitchLine line, Loss loss, Track? video, TimeProvider time)
        {
            (_line, _loss, _video, _time) = (line, loss, video, time);
            _sound = loss.Tracks.FirstOrDefault(t => t.Kind == TrackKind.Audio) is { } sound ? SilentSound.For(sound) : null;
            _start = (loss.End.Present > loss.End.Decode ? loss.End.Present : loss.End.Decode).Rescale(MediaTime.VideoTimescale) + new MediaTime(1, MediaTime.VideoTimescale);
            _step = SlateFormat.For(0, 0, 1, 1, loss.Step).Step;
        }

        /// <summary>Shows the next picture when it is time for it.</summary>
        /// <returns><see langword="false"/> when it is not needed any more.</returns>
        public async ValueTask<bool> ShowAsync(SlatePicture picture, CancellationToken cancellationToken)
        {
            if (_slate is null || !ReferenceEquals(_slate.Config, picture.Configuration))
            {
                _slate = new Track(_video!.Id, picture.Configuration, MediaTime.VideoTimescale) { ClaimedBitsPerSecond = _video.ClaimedBitsPerSecond };
            }

            var at = _start with { Ticks = _start.Ticks + (_shown++ * _step) };
            return await WaitAsync(at, cancellationToken)
                && await WriteAsync(new MediaSample(_slate, at, at, picture.IsSync, picture.Payload, ArrivalOf(at)), cancellationToken)
                && await SoundAsync(at, cancellationToken);
        }

        /// <summary>Silence alone, for a source without pictures.</summary>
        public async Task RunAsync(CancellationToken cancellationToken)
        {
            for (var at = _start; _sound is not null && await WaitAsync(at, cancellationToken) && await SoundAsync(at, cancellationToken);)
            {
                at = at with { Ticks = at.Ticks + (MediaTime.VideoTimescale / 25) };
            }
        }

        /// <summary>No more comes. What has come is passed on.</summary>
        public async ValueTask DisposeAsync()
        {
            _queue.Writer.TryComplete();
            if (_running is not null)
            {
                await _running;
            }
        }

        private async ValueTask<bool> WaitAsync(MediaTime at, CancellationToken cancellationToken)
        {
            var wait = ArrivalOf(at) - _time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _time, cancellationToken);
            }

            return _running is not { IsCompleted: true };
        }

        private async ValueTask<bool> SoundAsync(MediaTime until, CancellationToken cancellationToken)
        {
            if (_sound is null)
            {
                return true;
            }

            var start = _start.Rescale(_sound.Track.Timescale);
            while (true)
            {
                var at = start with { Ticks = start.Ticks + 1 + (_sounds * _sound.Step) };
                if (at > until)
                {
                    return true;
                }

                _sounds++;
                if (!await WriteAsync(new MediaSample(_sound.Track, at, at, IsSync: true, _sound.Payload, ArrivalOf(at)), cancellationToken))
                {
                    return false;
                }
            }
        }

        private async ValueTask<bool> WriteAsync(MediaSample sample, CancellationToken cancellationToken)
        {
            _running ??= PassAsync([.. ((IEnumerable<Track?>)[_slate, _sound?.Track]).OfType<Track>()]);
            while (!_queue.Writer.TryWrite(sample))
            {
                if (!await _queue.Writer.WaitToWriteAsync(cancellationToken))
                {
                    return false;
                }
            }

            return !_running.IsCompleted;
        }

        private async Task PassAsync(IReadOnlyList<Track> tracks)
        {
            try
            {
                await _line.RunSlateAsync(new Publication(_loss.Grant, tracks, _queue.Reader) { IsSlate = true });
            }
            finally
            {
                _queue.Writer.TryComplete();
            }
        }

        /// <summary>When an encoder would have sent it.</summary>
        private DateTimeOffset ArrivalOf(MediaTime at) => _loss.Arrival + (at - _loss.End.Present).ToTimeSpan();
    }
}

internal static partial class SlateLog
{
    [LoggerMessage(2060, LogLevel.Warning, "Channel {Channel}: there is no slate, viewers wait ({Reason})")]
    public static partial void Failed(ILogger logger, string channel, string reason);

    [LoggerMessage(2061, LogLevel.Warning, "Channel {Channel}: its slate could not be read, another is shown ({Reason})")]
    public static partial void NotFound(ILogger logger, string channel, string reason);

    [LoggerMessage(2062, LogLevel.Information, "Channel {Channel}: sound comes without pictures, and viewers see the slate with it")]
    public static partial void Still(ILogger logger, string channel);

    [LoggerMessage(2063, LogLevel.Information, "Channel {Channel}: the encoder's pictures have come")]
    public static partial void Moving(ILogger logger, string channel);

    [LoggerMessage(2064, LogLevel.Warning, "Channel {Channel}: sound comes without pictures, and there is no slate to show with it ({Reason})")]
    public static partial void NoStill(ILogger logger, string channel, string reason);
}
