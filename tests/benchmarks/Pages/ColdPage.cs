using System.Text.Json;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>A page in a browser with an empty cache, with its requests.</summary>
internal sealed class ColdPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private int _requests;
    private double _bytes;

    private ColdPage(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Number of requests with a response.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Received bytes: compressed, including headers.</summary>
    public double Bytes => Volatile.Read(ref _bytes);

    /// <summary>Creates a page with a simulated network.</summary>
    /// <param name="browser">The browser.</param>
    /// <param name="line">Network between browser and server.</param>
    /// <param name="script">Script executed before those of the page, or <see langword="null"/>.</param>
    /// <param name="state">
    /// Initial cookies and storage in Playwright's format, or <see langword="null"/>. The cache is always empty.
    /// </param>
    public static async Task<ColdPage> OpenAsync(IBrowser browser, Line line, string? script = null, string? state = null)
    {
        var context = await browser.NewContextAsync(
            new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 800 }, StorageState = state });
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
                // Events of one session arrive in sequence.
                Volatile.Write(ref cold._bytes, cold._bytes + length.GetDouble());
            }
        };
        if (line.BitsPerSecond > 0)
        {
            await session.SendAsync("Network.emulateNetworkConditions", new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["offline"] = false, ["latency"] = line.Latency, ["downloadThroughput"] = line.BitsPerSecond / 8,
                ["uploadThroughput"] = line.BitsPerSecond / 8,
            });
        }

        return cold;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(_context.CloseAsync());
}
