using System.Text.RegularExpressions;
using Broadcast.Testing;
using Shouldly;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Decodes each segment of a playlist separately with its init segment: hashes of frames in presentation order.</summary>
internal static partial class DecodedFrames
{
    /// <summary>
    /// Fetches and decodes all segments of a playlist except gaps, and checks the number of frames against each segment's duration.
    /// </summary>
    /// <returns>Frame hashes by segment address.</returns>
    public static async Task<IReadOnlyDictionary<string,
        IReadOnlyList<string>>> ReadAsync(BroadcastServer server, string channel, HlsView view, int frameRate)
    {
        var list = new Uri(server.Http, $"/live/{channel}/{view.Session}/source.m3u8");
        var frames = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var inits = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using var folder = TempFolder.Create();
        foreach (var segment in view.Segments.Where(s => !s.Gap))
        {
            if (!inits.TryGetValue(segment.Map!, out var init))
            {
                inits[segment.Map!] = init = await server.Client
                    .GetByteArrayAsync(new Uri(list, InitAddress().Match(segment.Map!).Groups[1].Value));
            }

            var file = folder.Sub("segment.mp4");
            await File.WriteAllBytesAsync(file, [.. init, .. await server.Client.GetByteArrayAsync(new Uri(list, segment.Address))]);
            var hashes = await HashesAsync(file);
            ((double)hashes.Count).ShouldBe(segment.Duration * frameRate, 1.1, $"frames of {segment.Address}");
            frames[segment.Address] = hashes;
        }

        return frames;
    }

    /// <summary>Asserts that common segments decode to the same frames.</summary>
    public static void ShouldShowTheSameAs(this IReadOnlyDictionary<string, IReadOnlyList<string>> after,
        IReadOnlyDictionary<string, IReadOnlyList<string>> before, int atLeast)
    {
        var both = after.Keys.Where(before.ContainsKey).ToList();
        both.Count.ShouldBeGreaterThanOrEqualTo(atLeast);
        foreach (var address in both)
        {
            after[address].ShouldBe(before[address], address);
        }
    }

    /// <summary>Hashes of a file's frames.</summary>
    public static async Task<List<string>> HashesAsync(string file)
    {
        var result = (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-i", file, "-map", "0:v:0", "-vsync", "passthrough", "-f", "framemd5", "-"])).EnsureSuccess();
        return [.. result.Output.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(',')[^1].Trim())];
    }

    [GeneratedRegex("URI=\"([^\"]+)\"")]
    private static partial Regex InitAddress();
}
