using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Bmff;

namespace Broadcast.Testing;

/// <summary>A sample from a real encoder.</summary>
/// <param name="Decode">Decode time from the start of the track, in ticks of its timescale.</param>
/// <param name="Said">Duration, size, sync flag and composition offset, from ffmpeg's muxer.</param>
/// <param name="Payload">Coded bytes.</param>
public sealed record CodedSample(long Decode, FragmentSample Said, ReadOnlyMemory<byte> Payload);

/// <summary>One track of any supported codec, encoded by ffmpeg into fragmented MP4 and read with the product's readers.</summary>
/// <param name="Track">The track, with the requested number.</param>
/// <param name="Samples">Samples of the track.</param>
public sealed record CodedTrack(Track Track, IReadOnlyList<CodedSample> Samples)
{
    /// <summary>Available recipes: name of the sample entry, followed by a word where several variants exist.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Recipes = new Dictionary<string, string[]>
    {
        ["avc1"] = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-sc_threshold", "0", "-pix_fmt", "yuv420p"],
        ["hvc1"] = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2:open-gop=0:scenecut=0", "-tag:v",
            "hvc1", "-pix_fmt", "yuv420p"],
        ["hvc1 open"] =
            ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=3:open-gop=1:b-adapt=0:scenecut=0",
                "-tag:v", "hvc1", "-pix_fmt", "yuv420p10le"],
        ["av01"] = ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-pix_fmt", "yuv420p"],
        ["av01 svt"] = ["-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p"],
        ["vp09"] = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"],
        ["mp4a"] = ["-c:a", "aac", "-ac", "2"],
        ["Opus"] = ["-c:a", "libopus", "-ac", "2"],
        ["Opus 60"] = ["-c:a", "libopus", "-frame_duration", "60", "-ac", "1"],
        ["Opus 5.1"] = ["-af", "pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0", "-c:a", "libopus", "-mapping_family", "1"],
        ["fLaC"] = ["-c:a", "flac", "-ac", "2"],
        ["ac-3"] = ["-c:a", "ac3", "-ac", "6"],
        ["ec-3"] = ["-c:a", "eac3", "-ac", "2"],
    };

    /// <summary>Returns whether a recipe makes video.</summary>
    public static bool IsVideo(string recipe) => Recipes[recipe][0] == "-c:v";

    /// <summary>Makes a track: moving video at 25 frames per second, or a tone at 48 kHz.</summary>
    /// <param name="recipe">One of <see cref="Recipes"/>.</param>
    /// <param name="seconds">Duration in seconds.</param>
    /// <param name="id">Number of the track.</param>
    /// <param name="keyframeSeconds">Seconds from one keyframe to the next.</param>
    /// <param name="height">Height of the 16:9 video, even.</param>
    /// <param name="tone">Frequency of the tone, in hertz.</param>
    /// <param name="language">BCP 47 tag, or <see langword="null"/>.</param>
    public static async Task<CodedTrack> MakeAsync(
        string recipe, double seconds, int id = 1, double keyframeSeconds = 2, int height = 180, int tone = 440, string? language = null)
    {
        var (length, group) = (Number(seconds), Number(Math.Round(keyframeSeconds * 25)));
        string[] source = IsVideo(recipe)
            ? ["-f", "lavfi", "-i", $"testsrc2=s={height * 16 / 9}x{height}:r=25:d={length}"]
            : ["-f", "lavfi", "-i", $"sine=f={tone}:r=48000:d={length}"];
        string[] keyframes = IsVideo(recipe) ? ["-g", group, "-keyint_min", group] : [];
        using var folder = TempFolder.Create();
        var path = folder.Sub("track.mp4");
        (await ChildProcess.RunAsync("ffmpeg",
        [
            "-nostdin", "-hide_banner", "-v", "error", .. source, .. Recipes[recipe], .. keyframes,
            "-movflags", "delay_moov+frag_every_frame+default_base_moof", "-strict", "-2", "-f", "mp4", path,
        ])).EnsureSuccess();
        return Demux(await File.ReadAllBytesAsync(path), id, language);
    }

    /// <summary>Reads a fragmented MP4 file with one track.</summary>
    public static CodedTrack Demux(byte[] file, int id, string? language)
    {
        var boxes = new BoxReader(file);
        var (initEnd, mediaBegin) = (0, 0);
        while (mediaBegin == 0 && boxes.TryRead(out var box))
        {
            (initEnd, mediaBegin) = box.Type.ToString() switch { "moov" => (box.Offset + box.Length, 0), "moof" => (initEnd, box.Offset),
                _ => (initEnd, 0) };
        }

        var samples = new List<CodedSample>();
        var media = file.AsMemory(mediaBegin);
        var decode = 0L;
        foreach (var fragment in FragmentReader.ReadAll(media.Span, out _))
        {
            var position = fragment.DataOffset;
            foreach (var sample in fragment.Samples)
            {
                samples.Add(new CodedSample(decode, sample, media.Slice(position, sample.Size)));
                position += sample.Size;
                decode += sample.Duration;
            }
        }

        return new CodedTrack(InitSegmentReader.Read(file.AsSpan(0, initEnd)).ToTrack(id) with { Language = language }, samples);
    }

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
