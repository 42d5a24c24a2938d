using Broadcast.Host.Roles;
using Broadcast.Media;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class RoleTests
{
    private static readonly (string Key, string Value) Database = ("Database:ConnectionString", "Host=shared");
    private static readonly (string Key, string Value) Bucket = ("Storage:Bucket", "media");

    public static TheoryData<string> Subsets { get; } = [.. Enumerable.Range(1, 14).Select(bits =>
        string.Join(',', ServerRoles.Known.Where((_, i) => (bits & (1 << i)) != 0)))];

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("all")]
    [InlineData("all,origin")]
    [InlineData("origin, media ingest,control")]
    public void All_roles_run_by_default(string? list) => RoleSelection.Select(list).ShouldBe(ServerRoles.All);

    [Theory]
    [MemberData(nameof(Subsets))]
    public void Any_subset_is_selected(string list)
    {
        var roles = RoleSelection.Select(list);
        roles.ToString().ShouldBe(list);
        roles.Names.ShouldBe(list.Split(','));
        roles.ShouldNotBe(ServerRoles.All);
        string[] has = [.. new[] { (roles.Control, "control"), (roles.Ingest, "ingest"), (roles.Media, "media"), (roles.Origin, "origin") }
            .Where(role => role.Item1).Select(role => role.Item2)];
        has.ShouldBe(list.Split(','));
    }

    [Fact]
    public void Unknown_role_is_rejected_with_the_existing_names() =>
        Should.Throw<StartException>(() => RoleSelection.Select("ingest,orgin")).Message
            .ShouldBe("Unknown role orgin in --roles. Valid roles: control, ingest, media, origin, all.");

    [Fact]
    public void Name_of_a_part_of_a_role_is_rejected_with_the_role() =>
        Should.Throw<StartException>(() => RoleSelection.Select("packager,origin")).Message
            .ShouldEndWith("packager is part of role media.");

    [Fact]
    public void All_roles_need_no_shared_database() => Check("all");

    [Theory]
    [MemberData(nameof(Subsets))]
    public void Subset_without_a_shared_database_is_rejected(string list) =>
        Should.Throw<StartException>(() => Check(list, Bucket)).Message.ShouldSatisfyAllConditions(
            m => m.ShouldContain("Database:ConnectionString"), m => m.ShouldContain("omit --roles"));

    [Theory]
    [MemberData(nameof(Subsets))]
    public void Subset_with_media_or_recordings_without_a_bucket_is_rejected(string list)
    {
        if (list == "ingest")
        {
            Check(list, Database);
            return;
        }

        Should.Throw<StartException>(() => Check(list, Database)).Message.ShouldContain("Storage:Bucket");
        Check(list, Database, Bucket);
    }

    [Theory]
    [InlineData("media", "Http", "--http")]
    [InlineData("media", "Rtmp", "--rtmp")]
    [InlineData("origin", "Rtmps", "--rtmps")]
    [InlineData("control,media", "Rtmp", "--rtmp")]
    [InlineData("ingest", "Http", "--http")]
    [InlineData("ingest,media", "Https", "--https")]
    public void Flag_of_a_listener_that_no_role_has_is_rejected(string list, string listener, string flag) =>
        Should.Throw<StartException>(() => RoleSelection.Check(RoleSelection.Select(list), Options(Database, Bucket), [listener]))
            .Message.ShouldStartWith($"{flag} makes no sense with --roles {list}");

    [Theory]
    [InlineData("media", "Internal")]
    [InlineData("origin", "Http", "Https", "Internal")]
    [InlineData("ingest", "Rtmp", "Rtmps", "Internal")]
    [InlineData("control", "Http")]
    public void Flags_of_the_listeners_of_a_role_are_accepted(string list, params string[] listeners) =>
        RoleSelection.Check(RoleSelection.Select(list), Options(Database, Bucket), listeners);

    [Fact]
    public void Modules_are_ordered_downstream_first() =>
        Module.All.Select(m => m.Name).ToList().ShouldSatisfyAllConditions(
            names => names.IndexOf("origin").ShouldBeLessThan(names.IndexOf("packager")),
            names => names.IndexOf("packager").ShouldBeLessThan(names.IndexOf("transcoder")),
            names => names.IndexOf("transcoder").ShouldBeLessThan(names.IndexOf("ingest")));

    [Theory]
    [InlineData("WebhookDispatcher", "control")]
    [InlineData("AuditRetentionService", "control")]
    [InlineData("RecordingRetentionService", "control", "media")]
    [InlineData("DeletedChannels", "control", "media")]
    [InlineData("ChannelReporter", "media")]
    [InlineData("InputSwitch", "media")]
    [InlineData("ThumbnailService", "media")]
    [InlineData("ServerLeaseService", "control", "ingest", "media", "origin")]
    [InlineData("SessionMirrors", "control", "ingest", "media", "origin")]
    public void Background_work_runs_where_its_role_is(string service, params string[] roles)
    {
        foreach (var role in ServerRoles.Known)
        {
            Works(role).Contains(service).ShouldBe(roles.Contains(role), $"{service} with role {role}");
        }

        Works("all").ShouldContain(service);
    }

    private static void Check(string list, params (string Key, string Value)[] options) =>
        RoleSelection.Check(RoleSelection.Select(list), Options(options), []);

    private static IConfigurationRoot Options(params (string Key, string Value)[] options) => new ConfigurationBuilder()
        .AddInMemoryCollection(options.Select(option => KeyValuePair.Create(option.Key, (string?)option.Value))).Build();

    /// <summary>Names of the background services of a process.</summary>
    private static HashSet<string> Works(string list)
    {
        var services = new ServiceCollection();
        Module.AddAll(services, Options(Database, Bucket), RoleSelection.Select(list));

        // A service that is also used by others is registered by a factory, whose return type names it.
        return [.. services.Where(service => service.ServiceType == typeof(IHostedService)).Select(service =>
            (service.ImplementationType ?? service.ImplementationFactory!.Method.ReturnType).Name)];
    }
}
