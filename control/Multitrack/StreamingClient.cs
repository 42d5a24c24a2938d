using System.Globalization;
using System.Text.Json;

namespace Broadcast.Control.Multitrack;

/// <summary>
/// A streaming program as it describes itself when it asks for its encoder configurations: OBS Studio's "Enhanced Broadcasting" request (schemas 2024-06-04, with one canvas, and
/// 2025-01-25, with a list of them; Amazon IVS documents it as <c>GetClientConfiguration</c>). What is not understood is passed over, what is missing has its usual value.
/// </summary>
internal sealed record StreamingClient
{
    /// <summary>The stream key, without what the program adds to it; empty when there is none.</summary>
    public required string StreamKey { get; init; }

    /// <summary>Echoed in the answer.</summary>
    public required string Service { get; init; }

    /// <summary>Echoed in the answer.</summary>
    public required string SchemaVersion { get; init; }

    /// <summary>Major version of the program, 0 when not known.</summary>
    public int Version { get; init; }

    /// <summary>Names of its encoders; empty when it does not say, as OBS up to 31.0 does not.</summary>
    public IReadOnlyList<string> Encoders { get; init; } = [];

    /// <summary>PCI vendor of the GPU that composes the picture; 0 when not known.</summary>
    public uint GpuVendor { get; init; }

    /// <summary>Physical cores of the processor.</summary>
    public int Cores { get; init; } = 4;

    /// <summary>Width of the picture that it would send, in pixels.</summary>
    public int Width { get; init; }

    /// <summary>Height of that.</summary>
    public int Height { get; init; }

    /// <summary>Pictures a second: numerator.</summary>
    public int RateNumerator { get; init; } = 30;

    /// <summary>Pictures a second: denominator.</summary>
    public int RateDenominator { get; init; } = 1;

    /// <summary>Most that it may send in all, in kbit/s; <see langword="null"/> when there is no limit.</summary>
    public long? MaxBitrate { get; init; }

    /// <summary>Most video tracks; <see langword="null"/> when there is no limit.</summary>
    public int? MaxTracks { get; init; }

    /// <summary>Audio channels.</summary>
    public int AudioChannels { get; init; } = 2;

    /// <summary>Whether it sends a second audio track for recordings.</summary>
    public bool HasRecordingAudio { get; init; }

    /// <summary>Pictures a second.</summary>
    public double FrameRate => (double)RateNumerator / RateDenominator;

    /// <summary>Reads a request; <see langword="null"/> when it is not one.</summary>
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

    /// <summary>Without the key.</summary>
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
            Service = Word(Text(root, "service", 32), "IVS"),
            SchemaVersion = Word(Text(root, "schema_version", 32), "2024-06-04"),
            Version = int.TryParse(Text(client, "version", 32).Split('.', 2)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0,
            Encoders = [.. Items(client, "supported_encoders").Take(100).Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!).Where(e => e.Length is > 0 and <= 100)],
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

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    private static long? Number(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    private static string Text(JsonElement element, string name, int limit) =>
        Member(element, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { } text && text.Length <= limit ? text : "";

    private static string Word(string text, string otherwise) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? text : otherwise;

    private static int Size(long? pixels) => (int)Math.Clamp(pixels ?? 0, 0, 16_384);
}
