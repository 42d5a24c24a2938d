using System.Text.Json;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>A page in a browser that has nothing of it yet, and what it asked for so far.</summary>
internal sealed class ColdPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private int _requests;
    private double _bytes;

    private ColdPage(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Requests that were answered.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Bytes that came for them, as they came: compressed, with their headers.</summary>
    public double Bytes => Volatile.Read(ref _bytes);

    /// <summary>Makes a page on a line.</summary>
    /// <param name="browser">Where.</param>
    /// <param name="line">What is between it and the server.</param>
    /// <param name="script">Run in the page before anything of its own; <see langword="null"/> for none.</param>
    /// <param name="state">Cookies and storage that it begins with, as Playwright writes them; <see langword="null"/> for none. Nothing is in its cache in any case.</param>
    public static async Task<ColdPage> OpenAsync(IBrowser browser, Line line, string? script = null, string? state = null)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 800 }, StorageState = state });
        if (script is not null)
        {
            await context.AddInitScriptAsync(script);
        }

        var cold = new ColdPage(context, await context.NewPageAsync());
        var session = await context.NewCDPSessionAsync(cold.Page);
        await session.SendAsync("Network.enable");
        session.Event("Network.loadingFinished").OnEvent += (_, said) =>
        {
            Interlocked.Increment(ref cold._requests);
            if (said is { } told && told.TryGetProperty("encodedDataLength", out var length) && length.ValueKind == JsonValueKind.Number)
            {
                // Events of one session come one after the other.
                Volatile.Write(ref cold._bytes, cold._bytes + length.GetDouble());
            }
        };
        if (line.BitsPerSecond > 0)
        {
            await session.SendAsync("Network.emulateNetworkConditions", new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["offline"] = false, ["latency"] = line.Latency, ["downloadThroughput"] = line.BitsPerSecond / 8, ["uploadThroughput"] = line.BitsPerSecond / 8,
            });
        }

        return cold;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(_context.CloseAsync());
}
