using System.Buffers;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Benchmarks;

/// <summary>Frames coded by x264, in memory and in a file: the same input for the product's stage and a bare ffmpeg.</summary>
/// <param name="Name">Name in tables and progress messages, such as <c>1080p30</c>.</param>
/// <param name="Path">Path of a NUT file.</param>
/// <param name="Rate">Frames per second.</param>
/// <param name="Frames">Coded frames, from time zero.</param>
internal sealed record CodedSource(string Name, string Path, int Rate, IReadOnlyList<MediaSample> Frames)
{
    /// <summary>Duration.</summary>
    public double Seconds => Frames.Count / (double)Rate;

    /// <summary>Interval between frames.</summary>
    public TimeSpan Interval => TimeSpan.FromSeconds(1.0 / Rate);

    /// <summary>Encodes ffmpeg's <c>testsrc2</c> as live encoders do: H.264 with CABAC, no B-frames, a limited bit rate.</summary>
    /// <param name="folder">Target folder.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="rate">Frames per second; a divisor of 90,000.</param>
    /// <param name="seconds">Duration in seconds.</param>
    /// <param name="megabits">Bit rate in megabits per second.</param>
    /// <param name="progress">Receives progress messages.</param>
    /// <param name="keyframes">Further options, such as <c>-force_key_frames</c>; by default a keyframe every 2 s.</param>
    public static async Task<CodedSource> MakeAsync(string folder, int width, int height, int rate, int seconds, double megabits,
        Action<string> progress, params string[] keyframes)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{height}p{rate}");
        progress(string.Create(CultureInfo.InvariantCulture, $"making the source: {seconds} s of {name}, H.264 at {megabits} Mbit/s"));
        var path = System.IO.Path.Combine(folder, $"source-{name}-{Guid.NewGuid():N}.nut");
        var bits = string.Create(CultureInfo.InvariantCulture, $"{megabits * 1000:0}k");
        (await ChildProcess.RunAsync("ffmpeg",
            [
                "-nostdin", "-v", "error", "-f", "lavfi", "-i", $"testsrc2=s={width}x{height}:r={rate}:d={seconds}", "-c:v", "libx264",
                "-preset", "superfast", "-pix_fmt", "yuv420p",
                "-bf", "0", "-sc_threshold", "0", "-b:v", bits, "-maxrate", bits, "-bufsize", bits, "-g", $"{2 * rate}", .. keyframes, "-f",
                "nut", "-write_index", "0", path,
            ],
            TimeSpan.FromMinutes(20))).EnsureSuccess();
        return new CodedSource(name, path, rate, Read(await File.ReadAllBytesAsync(path)));
    }

    /// <summary>Returns the frame with a number in endless repetition, with the current time as its arrival time.</summary>
    public MediaSample At(long number)
    {
        var frame = Frames[(int)(number % Frames.Count)];
        var shift = new MediaTime(number / Frames.Count * Frames.Count * MediaTime.VideoTimescale / Rate, MediaTime.VideoTimescale);
        return frame with { Decode = frame.Decode + shift, Present = frame.Present + shift, Arrival = TimeProvider.System.GetUtcNow() };
    }

    private static List<MediaSample> Read(byte[] file)
    {
        var bytes = new ReadOnlySequence<byte>(file);
        var reader = new NutReader();
        var samples = new List<MediaSample>();
        Track? track = null;
        while (reader.TryRead(ref bytes, out var frame))
        {
            track ??= new Track(1, AnnexBConverter.Configuration(reader.Streams[0].Private.Span), MediaTime.VideoTimescale);
            var time = new MediaTime(frame.Present, reader.Streams[0].Timescale).Rescale(MediaTime.VideoTimescale);
            samples.Add(new MediaSample(track, time, time, frame.IsKey, AnnexBConverter.ToLengths(frame.Payload.Span),
                DateTimeOffset.UnixEpoch));
        }

        return samples;
    }
}
