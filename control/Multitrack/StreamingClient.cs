using System.Globalization;
using System.Text.Json;

namespace Broadcast.Control.Multitrack;

/// <summary>
/// Description that a streaming program sends with a request for encoder configurations: OBS Studio's "Enhanced Broadcasting" (schemas
/// 2024-06-04, with one canvas, and 2025-01-25, with a list; Amazon IVS documents it as <c>GetClientConfiguration</c>). Unknown members are
/// ignored, missing ones get default values.
/// </summary>
internal sealed record StreamingClient
{
    /// <summary>Stream key without the program's suffix; empty when missing.</summary>
    public required string StreamKey { get; init; }

    /// <summary>Service name, echoed in the response.</summary>
    public required string Service { get; init; }

    /// <summary>Schema version, echoed in the response.</summary>
    public required string SchemaVersion { get; init; }

    /// <summary>Major version of the program, 0 when unknown.</summary>
    public int Version { get; init; }

    /// <summary>Names of its encoders; empty when not reported, as by OBS up to 31.0.</summary>
    public IReadOnlyList<string> Encoders { get; init; } = [];

    /// <summary>PCI vendor of the GPU that composes the video; 0 when unknown.</summary>
    public uint GpuVendor { get; init; }

    /// <summary>Number of physical CPU cores.</summary>
    public int Cores { get; init; } = 4;

    /// <summary>Frame width in pixels.</summary>
    public int Width { get; init; }

    /// <summary>Frame height in pixels.</summary>
    public int Height { get; init; }

    /// <summary>Numerator of the frame rate.</summary>
    public int RateNumerator { get; init; } = 30;

    /// <summary>Denominator of the frame rate.</summary>
    public int RateDenominator { get; init; } = 1;

    /// <summary>Maximum total bit rate, in kbit/s; <see langword="null"/> for no limit.</summary>
    public long? MaxBitrate { get; init; }

    /// <summary>Maximum number of video tracks; <see langword="null"/> for no limit.</summary>
    public int? MaxTracks { get; init; }

    /// <summary>Number of audio channels.</summary>
    public int AudioChannels { get; init; } = 2;

    /// <summary>Indicates whether it sends a second audio track for recordings.</summary>
    public bool HasRecordingAudio { get; init; }

    /// <summary>Frames per second.</summary>
    public double FrameRate => (double)RateNumerator / RateDenominator;

    /// <summary>Parses a request; <see langword="null"/> when invalid.</summary>
    public static StreamingClient? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            return document.RootElement.ValueKind == JsonValueKind.Object ? Of(document.RootElement) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Text without the stream key.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"client {Version}, {Width}x{Height}");

    private static StreamingClient Of(JsonElement root)
    {
        var (client, capabilities, preferences) = (Member(root, "client"), Member(root, "capabilities"), Member(root, "preferences"));
        var canvas = Items(preferences, "canvases").Append(preferences).First();
        var rate = Member(canvas, "framerate");
        var gpus = Items(capabilities, "gpu").ToList();
        var gpu = (int)Math.Clamp(Number(preferences, "composition_gpu_index") ?? 0, 0, Math.Max(gpus.Count - 1, 0));
        return new()
        {
            StreamKey = Text(root, "authentication", 512).Split('?', 2)[0],
            Service = TokenOr(Text(root, "service", 32), "IVS"),
            SchemaVersion = TokenOr(Text(root, "schema_version", 32), "2024-06-04"),
            Version = int.TryParse(Text(client, "version", 32).Split('.', 2)[0], NumberStyles.None, CultureInfo.InvariantCulture,
                out var major) ? major : 0,
            Encoders = [.. Items(client, "supported_encoders").Take(100).Where(e => e.ValueKind == JsonValueKind.String)
                .Select(e => e.GetString()!).Where(e => e.Length is > 0 and <= 100)],
            GpuVendor = gpus.Count == 0 ? 0 : (uint)Math.Clamp(Number(gpus[gpu], "vendor_id") ?? 0, 0, uint.MaxValue),
            Cores = (int)Math.Clamp(Number(Member(capabilities, "cpu"), "physical_cores") ?? 4, 1, 256),
            Width = Size(Number(canvas, "width")),
            Height = Size(Number(canvas, "height")),
            RateNumerator = (int)Math.Clamp(Number(rate, "numerator") ?? 30, 1, 1_000_000),
            RateDenominator = (int)Math.Clamp(Number(rate, "denominator") ?? 1, 1, 100_000),
            MaxBitrate = Number(preferences, "maximum_aggregate_bitrate") ?? Number(preferences, "maximum_streaming_bandwidth"),
            MaxTracks = Number(preferences, "maximum_video_tracks") is { } tracks ? (int)Math.Clamp(tracks, 1, 100) : null,
            AudioChannels = (int)Math.Clamp(Number(preferences, "audio_channels") ?? 2, 1, 2),
            HasRecordingAudio = Member(preferences, "vod_track_audio").ValueKind == JsonValueKind.True,
        };
    }

    private static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    private static long? Number(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.Number } value
        && value.TryGetInt64(out var number) ? number : null;

    private static string Text(JsonElement element, string name, int limit) =>
        Member(element, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { } text
        && text.Length <= limit ? text : "";

    private static string TokenOr(string text, string fallback) => text.Length > 0
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? text : fallback;

    private static int Size(long? pixels) => (int)Math.Clamp(pixels ?? 0, 0, 16_384);
}
