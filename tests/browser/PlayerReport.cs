using System.Text.Json.Serialization;
using Microsoft.Playwright;

namespace Broadcast.Browser.Tests;

/// <summary>State reported by a player page.</summary>
public sealed record PlayerReport
{
    [JsonPropertyName("time")]
    public double Time { get; init; }

    [JsonPropertyName("frames")]
    public int Frames { get; init; }

    [JsonPropertyName("dropped")]
    public int Dropped { get; init; }

    [JsonPropertyName("stalls")]
    public int Stalls { get; init; }

    [JsonPropertyName("errors")]
    public string[] Errors { get; init; } = [];

    [JsonPropertyName("width")]
    public int Width { get; init; }

    [JsonPropertyName("height")]
    public int Height { get; init; }

    /// <summary>Parts that hls.js has loaded.</summary>
    [JsonPropertyName("parts")]
    public int Parts { get; init; }

    /// <summary>Target latency of hls.js in seconds; 0 if not reported.</summary>
    [JsonPropertyName("target")]
    public double Target { get; init; }

    /// <summary>Seconds since the shown frame arrived at the server, for hls.js; 0 if not reported.</summary>
    [JsonPropertyName("latency")]
    public double Latency { get; init; }

    [JsonPropertyName("audioBytes")]
    public int AudioBytes { get; init; }

    /// <summary>Seconds, modulo 256, read from the blocks of the shown frame.</summary>
    [JsonPropertyName("code")]
    public int Code { get; init; }

    [JsonPropertyName("background")]
    public int[] Background { get; init; } = [];

    public static Task<PlayerReport> OfAsync(IPage page) => page.EvaluateAsync<PlayerReport>("() => window.report()");
}

/// <summary>Video that shows its own time: a blue background with eight blocks along the upper edge that count seconds in binary.</summary>
internal static class CountingFrame
{
    public static string Filter { get; } = "color=c=0x2040C0:s=640x360:r=30" + Blocks(640);

    /// <summary>Returns the filter for the blocks alone, on video of another width.</summary>
    public static string Blocks(int width) => string.Concat(Enumerable.Range(0, 8).Select(bit =>
        $",drawbox=x={bit * 60 * width / 640}:y=0:w={60 * width / 640}:h={60 * width / 640}:color=white:t=fill:enable='mod(floor(t/{1 << bit}),2)'"));
}
