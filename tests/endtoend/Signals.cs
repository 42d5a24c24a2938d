using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Log lines and metrics of a server.</summary>
internal static class Signals
{
    /// <summary>Small video without audio, so that several encoders can run beside the server.</summary>
    public static TestSource Small { get; } = new() { Width = 160, Height = 90, FrameRate = 15, VideoBitRate = 100_000, Audio = false };

    /// <summary>Messages logged by the server with an event id.</summary>
    public static IReadOnlyList<string> Logged(this BroadcastServer server, int id) =>
        [.. server.Process.ErrorLines.Select(Read).OfType<(int Id, string Text)>().Where(e => e.Id == id).Select(e => e.Text)];

    /// <summary>Sum of a metric's series; 0 if there are none.</summary>
    public static async Task<double> MetricAsync(this BroadcastServer server, string name, string label = "")
    {
        using var inside = new HttpClient { BaseAddress = server.Internal };
        return (await inside.GetStringAsync("/metrics")).Split('\n')
            .Where(l => l.StartsWith(name, StringComparison.Ordinal) && l[name.Length] is ' ' or '{'
                && l.Contains(label, StringComparison.Ordinal))
            .Sum(l => double.Parse(l.Split(' ')[^1], CultureInfo.InvariantCulture));
    }

    private static (int, string)? Read(string line)
    {
        if (!line.StartsWith('{'))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("Properties", out var properties) && properties.TryGetProperty("EventId", out var id)
                ? (id.GetProperty("Id").GetInt32(), document.RootElement.GetProperty("RenderedMessage").GetString()!)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
