using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>Serves a minimal page that plays with hls.js, compressed like a well-configured site.</summary>
internal sealed class BarePage : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Uri _address;

    private BarePage(WebApplication app) =>
        (_app, _address) =
        (app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));

    /// <summary>Starts the server.</summary>
    public static async Task<BarePage> StartAsync()
    {
        var folder = Repository.PathOf("tests", "browser", "players");
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            (await ChildProcess.RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--prefix", folder],
                TimeSpan.FromMinutes(3))).EnsureSuccess();
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddResponseCompression();
        var app = builder.Build();
        app.UseResponseCompression();
        app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(folder) });
        await app.StartAsync();
        return new BarePage(app);
    }

    /// <summary>Address of the page that plays a manifest.</summary>
    public Uri For(Uri media) => new(_address, $"/bare.html?url={Uri.EscapeDataString(media.ToString())}");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
