using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>The system clock was set while a session is live: the clock of the media stays where it was.</summary>
public sealed class ControlClockTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Control_follows_the_system_clock_and_sessions_follow_the_clock_of_the_media()
    {
        var media = new ManualTimeProvider();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, mediaTime: media);
        (TimeProvider.System.GetUtcNow() - media.GetUtcNow()).Duration().ShouldBeGreaterThan(TimeSpan.FromDays(1));

        var token = await server.Get<TokenRepository>().CreateAsync(TokenRole.Admin);
        var made = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var grant = (await server.AskAsync(made.Key.StreamKey)).ShouldBeOfType<PublishDecision.Granted>().Grant;

        (TimeProvider.System.GetUtcNow() - token.Info.CreatedAt).Duration().ShouldBeLessThan(TimeSpan.FromHours(1));
        grant.Session.StartedAt.ShouldBe(media.GetUtcNow());
        (await server.SendAsync("GET", "/api/v1/me", token.Token)).Status.ShouldBe(200);
    }

    [Fact]
    public void Services_that_decide_by_the_time_of_day_have_the_system_clock()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(new ManualTimeProvider());
        services.AddControl(new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build());

        var steady = services.Where(s => !s.IsKeyedService && s.ImplementationType?.Namespace is { } name
                && name.StartsWith("Broadcast.Control", StringComparison.Ordinal))
            .Where(s => s.ImplementationType!.GetConstructors().SelectMany(c => c.GetParameters())
                .Any(p => p.ParameterType == typeof(TimeProvider)
                    && p.GetCustomAttributes(typeof(FromKeyedServicesAttribute), false).Length == 0))
            .Select(s => s.ImplementationType!.Name);

        // Waits, the times of sessions and of positions in their media, and the age of issues, whose beginning ingest states.
        steady.Order(StringComparer.Ordinal).ShouldBe(["ChannelMonitor", "ChannelReporter", "EventSessions", "OwnerRequests",
            "RecordingRepository", "SessionResumption", "SessionShutdown"]);
    }
}
