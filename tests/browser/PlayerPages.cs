using Broadcast.Browser.Tests;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Xunit;

[assembly: AssemblyFixture(typeof(PlayerPages))]

namespace Broadcast.Browser.Tests;

/// <summary>Serves minimal pages with hls.js, dash.js and Shaka from npm, on another origin than the media, as on most sites.</summary>
public sealed class PlayerPages : IAsyncLifetime
{
    private WebApplication? _app;

    public Uri Address { get; private set; } = null!;

    /// <summary>Address of a page that plays a manifest with one of the players.</summary>
    public Uri Page(string kind, Uri media) => new(Address, $"/player.html?kind={kind}&url={Uri.EscapeDataString(media.ToString())}");

    public async ValueTask InitializeAsync()
    {
        var folder = Repository.PathOf("tests", "browser", "players");
        await FetchAsync(folder);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(folder), ServeUnknownFileTypes = true });
        await _app.StartAsync();
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    private static async Task FetchAsync(string folder)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            (await ChildProcess.RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--prefix", folder],
                TimeSpan.FromMinutes(3))).EnsureSuccess();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }
}
