using System.Buffers;
using Broadcast.Media;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Frames encoded by x264, as in an encoder's publication.</summary>
internal static class CodedFrames
{
    /// <summary>Encodes a test pattern.</summary>
    /// <param name="seconds">Duration in seconds.</param>
    /// <param name="size">Size in ffmpeg's format.</param>
    /// <param name="rate">Frames per second.</param>
    /// <param name="options">Further x264 options, such as <c>-g 30</c>.</param>
    public static Task<IReadOnlyList<MediaSample>> MakeAsync(int seconds, string size, int rate, params string[] options) =>
        CreateImageAsync($"testsrc2=s={size}:r={rate}:d={seconds}", ["-preset", "ultrafast", "-sc_threshold", "0", "-bf", "0", .. options]);

    /// <summary>Encodes any source.</summary>
    /// <param name="frame">A source filter of ffmpeg.</param>
    /// <param name="options">Options of x264.</param>
    public static async Task<IReadOnlyList<MediaSample>> CreateImageAsync(string frame, params string[] options)
    {
        using var folder = TempFolder.Create();
        var file = Path.Combine(folder.Path, "frames.nut");
        (await ChildProcess.RunAsync("ffmpeg",
        [
            "-nostdin", "-v", "error", "-f", "lavfi", "-i", frame, "-c:v", "libx264", "-pix_fmt", "yuv420p", .. options,
            "-f", "nut", "-write_index", "0", file,
        ])).EnsureSuccess();
        var bytes = new ReadOnlySequence<byte>(await File.ReadAllBytesAsync(file));
        var reader = new NutReader();
        var samples = new List<MediaSample>();
        Track? track = null;
        while (reader.TryRead(ref bytes, out var packet))
        {
            track ??= new Track(1, AnnexBConverter.Configuration(reader.Streams[0].Private.Span), MediaTime.VideoTimescale);
            var time = new MediaTime(packet.Present, reader.Streams[0].Timescale).Rescale(MediaTime.VideoTimescale);
            samples.Add(new MediaSample(track, time, time, packet.IsKey, AnnexBConverter.ToLengths(packet.Payload.Span),
                DateTimeOffset.UnixEpoch + time.ToTimeSpan()));
        }

        return samples;
    }
}
