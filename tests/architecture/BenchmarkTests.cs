using Broadcast.Benchmarks;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Arguments and reports of <c>./broadcast bench</c>. The benchmarks themselves are not tested.</summary>
public sealed class BenchmarkTests
{
    [Fact]
    public void Ingest_benchmark_without_arguments_runs_every_part_once()
    {
        var plan = IngestPlan.Parse([]);
        plan.Parts.ShouldBe(IngestPlan.AllParts);
        plan.Rounds.ShouldBe(1);
        plan.Loads.ShouldBe([new LoadSize(1, 4), new LoadSize(50, 4), new LoadSize(100, 4), new LoadSize(300, 4), new LoadSize(1000, 1)]);
    }

    [Fact]
    public void Parts_run_in_their_defined_order_and_loads_in_the_requested_order()
    {
        var plan = IngestPlan.Parse(["--only", "cpu, parsers", "--counts", "20@2.5,7", "--rounds", "3", "--seconds", "9"]);
        plan.Parts.ShouldBe(["parsers", "cpu"]);
        plan.Loads.ShouldBe([new LoadSize(20, 2.5), new LoadSize(7, 4)]);
        plan.Rounds.ShouldBe(3);
        plan.Measured.ShouldBe(TimeSpan.FromSeconds(9));
    }

    [Fact]
    public void Explicit_options_override_quick_regardless_of_their_order()
    {
        var (before, behind) = (IngestPlan.Parse(["--counts", "9", "--quick"]), IngestPlan.Parse(["--quick", "--counts", "9"]));
        before.Loads.ShouldBe([new LoadSize(9, 4)]);
        behind.Loads.ShouldBe(before.Loads);
        (before.Measured, before.IdleConnections).ShouldBe((behind.Measured, behind.IdleConnections));
        before.Measured.ShouldBeLessThan(IngestPlan.Parse([]).Measured);
    }

    [Theory]
    [InlineData("'--count' is not an option", "--count", "5")]
    [InlineData("'cpu' is not an option", "cpu")]
    [InlineData("--counts needs a value", "--counts")]
    [InlineData("no part 'disk': parsers, memory, publish, chunks, cpu", "--only", "cpu,disk")]
    [InlineData("'0' is not N or N@MBIT", "--counts", "10,0")]
    [InlineData("'10@4@4' is not N or N@MBIT", "--counts", "10@4@4")]
    [InlineData("'5001' is not N or N@MBIT", "--counts", "5001")]
    [InlineData("'much' is not a number from 0.2 to 50", "--counts", "10@much")]
    [InlineData("'-1' is not a number from 1 to 20", "--rounds", "-1")]
    [InlineData("'0.5' is not a number from 1 to 600", "--seconds", "0.5")]
    public void Invalid_argument_is_rejected_with_the_accepted_values(string message, params string[] arguments) =>
        Should.Throw<FormatException>(() => IngestPlan.Parse(arguments)).Message.ShouldContain(message);

    [Fact]
    public void Help_lists_every_option() =>
        new[] { "--only", "--counts", "--rounds", "--seconds", "--quick" }.Concat(IngestPlan.AllParts)
        .ShouldAllBe(word => IngestPlan.Usage.Contains(word));

    [Fact]
    public void Transcoding_benchmark_runs_every_part_unless_parts_are_named()
    {
        TranscodePlan.Parse([]).Parts.ShouldBe(TranscodePlan.AllParts);
        var plan =
            TranscodePlan.Parse(["--only", "kills,cost", "--kills", "7", "--quick", "--rounds", "2", "--overload", "30", "--seconds", "9"]);
        plan.Parts.ShouldBe(["cost", "kills"]);
        (plan.Kills, plan.Rounds, plan.Overload, plan.Measured).ShouldBe((7, 2, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(9)));
        plan.CostSeconds.ShouldBeLessThan(TranscodePlan.Parse([]).CostSeconds);
    }

    [Theory]
    [InlineData("'cost' is not an option of bench transcode", "cost")]
    [InlineData("--kills needs a value", "--kills")]
    [InlineData("no part 'cpu': cost, delay, kills, overload", "--only", "cpu")]
    [InlineData("'1.5' is not a whole number from 1 to 20", "--rounds", "1.5")]
    [InlineData("'5' is not a whole number from 10 to 3600", "--overload", "5")]
    public void Invalid_transcoding_argument_is_rejected_with_the_accepted_values(string message, params string[] arguments) =>
        Should.Throw<FormatException>(() => TranscodePlan.Parse(arguments)).Message.ShouldContain(message);

    [Fact]
    public void Chat_benchmark_runs_every_part_unless_parts_are_named()
    {
        ChatPlan.Parse([]).Parts.ShouldBe(ChatPlan.AllParts);
        ChatPlan.Parse([]).Readers.ShouldBe([100, 1000, 10_000]);
        var plan = ChatPlan.Parse(["--only", "removal,shown", "--readers", "7, 9", "--quick", "--rounds", "2", "--seconds", "9", "--peers",
            "40", "--rate", "3", "--removals", "4"]);
        plan.Parts.ShouldBe(["shown", "removal"]);
        plan.Readers.ShouldBe([7, 9]);
        (plan.Rounds, plan.Measured, plan.Peers, plan.Rate, plan.Removals).ShouldBe((2, TimeSpan.FromSeconds(9), 40, 3, 4));
        new[] { "--only", "--rounds", "--seconds", "--readers", "--peers", "--rate", "--removals", "--quick" }.Concat(ChatPlan.AllParts)
            .ShouldAllBe(word => ChatPlan.Usage.Contains(word));
    }

    [Theory]
    [InlineData("'cost' is not an option of bench chat", "cost")]
    [InlineData("no part 'delay': shown, cost, removal", "--only", "delay")]
    [InlineData("'20001' is not a whole number from 1 to 20000", "--readers", "10,20001")]
    [InlineData("'21' is not a whole number from 1 to 20", "--rate", "21")]
    public void Invalid_chat_argument_is_rejected_with_the_accepted_values(string message, params string[] arguments) =>
        Should.Throw<FormatException>(() => ChatPlan.Parse(arguments)).Message.ShouldContain(message);

    [Fact]
    public void Transcoding_help_lists_every_option() =>
        new[] { "--only", "--rounds", "--seconds", "--kills", "--overload", "--quick" }.Concat(TranscodePlan.AllParts)
        .ShouldAllBe(word => TranscodePlan.Usage.Contains(word));

    [Fact]
    public void Delivery_benchmark_runs_every_part_unless_parts_are_named()
    {
        OriginPlan.Parse([]).Parts.ShouldBe(OriginPlan.AllParts);
        var plan = OriginPlan.Parse(["--only", "held,segments", "--players", "7, 9", "--quick", "--rounds", "2", "--seconds", "9", "--wait",
            "{rendition}/{segment}.{part}.m4s"]);
        plan.Parts.ShouldBe(["segments", "held"]);
        plan.Players.ShouldBe([7, 9]);
        (plan.Rounds, plan.Measured, plan.Wait).ShouldBe((2, TimeSpan.FromSeconds(9), "{rendition}/{segment}.{part}.m4s"));
    }

    [Theory]
    [InlineData("'held' is not an option of bench origin", "held")]
    [InlineData("--players needs a value", "--players")]
    [InlineData("no part 'cpu': segments, playlists, held", "--only", "cpu")]
    [InlineData("'0' is not a whole number from 1 to 15000", "--players", "10,0")]
    public void Invalid_delivery_argument_is_rejected_with_the_accepted_values(string message, params string[] arguments) =>
        Should.Throw<FormatException>(() => OriginPlan.Parse(arguments)).Message.ShouldContain(message);

    [Fact]
    public void Delivery_help_lists_every_option() =>
        new[] { "--only", "--rounds", "--seconds", "--players", "--wait", "--quick" }.Concat(OriginPlan.AllParts)
        .ShouldAllBe(word => OriginPlan.Usage.Contains(word));

    [Fact]
    public void Latency_benchmark_runs_every_part_unless_parts_are_named()
    {
        LatencyPlan.Parse([]).Parts.ShouldBe(LatencyPlan.AllParts);
        var plan = LatencyPlan.Parse(["--only", "glass,source", "--quick", "--rounds", "2", "--seconds", "9"]);
        plan.Parts.ShouldBe(["source", "glass"]);
        (plan.Rounds, plan.Measured).ShouldBe((2, TimeSpan.FromSeconds(9)));
    }

    [Theory]
    [InlineData("'glass' is not an option of bench latency", "glass")]
    [InlineData("--rounds needs a value", "--rounds")]
    [InlineData("no part 'cpu': source, ladder, glass", "--only", "cpu")]
    [InlineData("'4' is not a whole number from 5 to 3600", "--seconds", "4")]
    public void Invalid_latency_argument_is_rejected_with_the_accepted_values(string message, params string[] arguments) =>
        Should.Throw<FormatException>(() => LatencyPlan.Parse(arguments)).Message.ShouldContain(message);

    [Fact]
    public void Latency_help_lists_every_option() =>
        new[] { "--only", "--rounds", "--seconds", "--quick" }.Concat(LatencyPlan.AllParts)
        .ShouldAllBe(word => LatencyPlan.Usage.Contains(word));

    [Fact]
    public void Control_benchmark_runs_every_part_unless_parts_are_named()
    {
        ControlPlan.Parse([]).Parts.ShouldBe(ControlPlan.AllParts);
        var plan = ControlPlan.Parse(["--only", "publish,schedule", "--quick", "--events", "12", "--spread", "30", "--rounds", "2",
            "--seconds", "9", "--rate", "500"]);
        plan.Parts.ShouldBe(["schedule", "publish"]);
        (plan.Events, plan.Spread, plan.Rounds, plan.Measured,
            plan.Rate).ShouldBe((12, TimeSpan.FromSeconds(30), 2, TimeSpan.FromSeconds(9), 500));
        plan.Coming.ShouldBeLessThan(ControlPlan.Parse([]).Coming);
    }

    [Theory]
    [InlineData("'schedule' is not an option of bench control", "schedule")]
    [InlineData("--rate needs a value", "--rate")]
    [InlineData("no part 'cpu': schedule, api, publish", "--only", "cpu")]
    [InlineData("'301' is not a whole number from 1 to 300", "--events", "301")]
    public void Invalid_control_argument_is_rejected_with_the_accepted_values(string message, params string[] arguments) =>
        Should.Throw<FormatException>(() => ControlPlan.Parse(arguments)).Message.ShouldContain(message);

    [Fact]
    public void Control_help_lists_every_option() =>
        new[] { "--only", "--events", "--spread", "--seed", "--rounds", "--seconds", "--rate", "--handshakes",
            "--quick" }.Concat(ControlPlan.AllParts).ShouldAllBe(word => ControlPlan.Usage.Contains(word));

    [Fact]
    public void Rows_with_a_target_state_if_it_was_met()
    {
        var report = new Report("Publish and close", "per second", ["ours", "theirs"]);
        report.Add("200 at once", Aim.AtLeast(3000, 3120.4), 3120.4, 40);
        report.Add("one at a time", Aim.Under(2, 2).For("median"), 2, 1);
        report.Add("none at all", Aim.None, 0.5, 1);
        var lines = report.Render().Split('\n');
        lines.ShouldContain("| | ours | theirs | target | met |");
        lines.ShouldContain("|---|---:|---:|---|---|");
        lines.ShouldContain("| 200 at once | 3120 | 40.0 | ≥ 3,000 | yes |");
        lines.ShouldContain("| one at a time | 2.00 | 1.00 | median < 2 | **no** |");
        lines.ShouldContain("| none at all | 0.50 | 1.00 | none set |  |");
    }

    [Fact]
    public void Figure_that_could_not_be_measured_is_reported_with_the_reason()
    {
        var report = new Report("Server CPU", "milliseconds", ["ours", "theirs", "ratio"]);
        report.Add("300 publishers", Aim.AtMost(0.7, null).For("ratio"), 4, null, null);
        report.CouldNot("300 publishers", "theirs", "the server received only 45 % of the bytes due in that time");
        var text = report.Render();
        text.ShouldContain("| 300 publishers | 4.00 | could not |  | ratio ≤ 0.7 |  |");
        text.ShouldContain("- 300 publishers, theirs: could not, because the server received only 45 % of the bytes due in that time.");
        text.Split("```")[1].Trim().Split('\n').ShouldHaveSingleItem().ShouldEndWith(" 4.00");
    }

    [Fact]
    public void Table_without_targets_has_no_target_columns()
    {
        var report = new Report("Startup", "milliseconds", ["median", "maximum"]);
        report.Add("first start", 2787, null);
        report.Render()
            .ShouldStartWith("### Startup (milliseconds)\n\n| | median | maximum |\n|---|---:|---:|\n| first start | 2787 |  |\n");
    }
}
