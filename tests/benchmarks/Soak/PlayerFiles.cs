using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>Serves the bare player pages of <c>tests/browser/players</c> from another origin than the media.</summary>
internal sealed class PlayerFiles : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PlayerFiles(WebApplication app) =>
        (_app, Address) =
        (app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));

    public Uri Address { get; }

    public static async Task<PlayerFiles> StartAsync()
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
        var app = builder.Build();
        app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(folder), ServeUnknownFileTypes = true });
        await app.StartAsync();
        return new PlayerFiles(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
