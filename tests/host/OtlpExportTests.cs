using System.Collections.Concurrent;
using System.Text;
using Broadcast.Host.Observability;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

// Metrics of refused connections count for the whole process, so these tests run one at a time.
[Collection("connections of this process")]
public sealed class OtlpExportTests
{
    [Fact]
    public async Task Collector_receives_metrics_periodically_and_at_shutdown()
    {
        var got = new ConcurrentQueue<(string? Type, string? Authorization, byte[] Body)>();
        await using var collector = await CollectorAsync(async http =>
        {
            var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            got.Enqueue((http.Request.ContentType, http.Request.Headers.Authorization, body.ToArray()));
        });
        using var host = Host(
            ("Telemetry:OtlpEndpoint", collector.Urls.Single() + "/v1/metrics"), ("Telemetry:OtlpSeconds", "1"),
            ("Telemetry:OtlpHeaders", "Authorization=Bearer of-this-test"));
        await host.StartAsync();
        var counter = Telemetry.Meter.CreateCounter<long>("broadcast_test_otlp", "{thing}", "Things.");
        counter.Add(3, new KeyValuePair<string, object?>("channel", "name-of-a-channel"));
        await Poll.UntilAsync(() => got.Any(request => Holds(request.Body, "broadcast_test_otlp")
            && Holds(request.Body, "name-of-a-channel")));
        got.ShouldAllBe(request => request.Type == "application/x-protobuf" && request.Authorization == "Bearer of-this-test");

        got.Clear();
        Telemetry.Meter.CreateCounter<long>("broadcast_test_otlp_last").Add(1);
        await host.StopAsync();
        await host.Services.ExportLastAsync();
        got.ShouldContain(request => Holds(request.Body, "broadcast_test_otlp_last"));
    }

    [Fact]
    public async Task Unresponsive_collector_does_not_block_shutdown()
    {
        var held = new TaskCompletionSource();
        await using var collector = await CollectorAsync(_ => held.Task);
        using var host = Host(("Telemetry:OtlpEndpoint", collector.Urls.Single() + "/v1/metrics"), ("Telemetry:OtlpSeconds", "1"));
        await host.StartAsync();
        Telemetry.Meter.CreateCounter<long>("broadcast_test_otlp_held").Add(1);
        await host.StopAsync();
        await host.Services.ExportLastAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await Task.Run(host.Dispose).WaitAsync(TimeSpan.FromSeconds(60));
        held.SetResult();
    }

    [Fact]
    public void Nothing_is_exported_without_an_endpoint()
    {
        using var host = Host();
        host.Services.GetService<MeterProvider>().ShouldBeNull();
    }

    [Theory]
    [InlineData("collector:4318", null, 30, "OtlpEndpoint")]
    [InlineData("ftp://collector/v1/metrics", null, 30, "OtlpEndpoint")]
    [InlineData("http://name:hush-hush@collector/v1/metrics", null, 30, "OtlpEndpoint")]
    [InlineData("http://collector:4318/v1/metrics", "Bearer x", 30, "OtlpHeaders")]
    [InlineData("http://collector:4318/v1/metrics", "a=b,=c", 30, "OtlpHeaders")]
    [InlineData("https://collector/v1/metrics", "a=b,c=d", 0, "OtlpSeconds")]
    [InlineData("https://collector/v1/metrics", "a=b,c=d", 30, null)]
    [InlineData(null, null, 30, null)]
    public void Invalid_values_are_reported_without_the_secret(string? endpoint, string? headers, int seconds, string? wrong)
    {
        var errors = new TelemetryOptions { OtlpEndpoint = endpoint, OtlpHeaders = headers, OtlpSeconds = seconds }.FindErrors().ToList();
        if (wrong is null)
        {
            errors.ShouldBeEmpty();
        }
        else
        {
            var error = errors.ShouldHaveSingleItem();
            error.ShouldContain(wrong);
            error.ShouldNotContain("hush");
        }
    }

    private static IHost Host(params (string Key, string? Value)[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, s.Value)));
        builder.Services.AddOtlpExport(builder.Configuration);
        return builder.Build();
    }

    private static bool Holds(byte[] body, string text) => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    private static async Task<WebApplication> CollectorAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/v1/metrics", answer);
        await app.StartAsync();
        return app;
    }
}
